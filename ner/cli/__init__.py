"""One file a command: parse arguments, call one public function, print."""
