// Text with its entities marked. The server counts characters, JavaScript counts halves of some of them.

import { make } from "./elements.js";

export class Text {
  constructor(text) {
    this.characters = Array.from(text);
  }

  cut(start, end) {
    return this.characters.slice(start, end).join("");
  }

  get length() {
    return this.characters.length;
  }
}

export function marked(text, entities, colours, start = 0, end = text.length) {
  const pieces = [];
  let position = start;
  for (const entity of entities) {
    pieces.push(text.cut(position, entity.start), mark(text, entity, colours));
    position = entity.end;
  }
  pieces.push(text.cut(position, end));
  return pieces;
}

function mark(text, entity, colours) {
  const score = entity.score === undefined ? "" : ` ${entity.score.toFixed(2)}`;
  const label = make("small", { text: entity.label + score });
  return make("mark", { text: text.cut(entity.start, entity.end), colour: colours.get(entity.label) }, label);
}
