// The page: what is typed goes to the server, what comes back is shown.

import { asConll, asJsonl, save } from "./download.js";
import { make } from "./elements.js";
import { marked, Text } from "./marked.js";
import { listed, sentencesOf } from "./sentences.js";
import { describe, inspect, tag } from "./server.js";

const at = (id) => document.getElementById(id);
const token = () => at("token").value.trim();

let model = null;
let shown = null; // what was found, its text by characters, its sentences

function tooLong(name) {
  const most = model.max_explained.toLocaleString("en");
  return new Error(`${name} is too long: this page takes ${most} characters, ner tag files of any size.`);
}

function say(message, wrong = false) {
  at("status").textContent = message;
  at("status").classList.toggle("wrong", wrong);
}

function complain(error) {
  if (error.status === 401) {
    at("secret").hidden = false;
    at("token").focus();
  }
  say(error.status === 401 ? "This server asks for a token." : error.message, true);
}

async function meet() {
  model = await describe(token());
  model.colours = new Map(model.labels.map(({ label, colour }) => [label, colour]));
  at("labels").replaceChildren(...model.labels.map(({ label, colour }) => make("li", { text: label, colour })));
}

async function find() {
  if (at("find").disabled) return; // it is being asked already
  const text = at("text").value;
  if (!text.trim()) return say("There is no text yet.");
  at("find").disabled = true;
  say("Reading …");
  try {
    if (!model) await meet();
    if (new Text(text).length > model.max_explained) throw tooLong("The text");
    const found = (await tag(token(), text, Number(at("readings").value))).documents[0];
    shown = { found, text: new Text(found.text), sentences: sentencesOf(found) };
    show();
  } catch (error) {
    complain(error);
  } finally {
    at("find").disabled = false;
  }
}

function kept() {
  const least = Number(at("least").value);
  return shown.found.entities.filter(({ score }) => score >= least);
}

function show() {
  showEntities();
  const look = model.inspectable ? (tokens) => inspect(token(), tokens) : null;
  const items = shown.sentences.map((sentence) => listed(shown.text, sentence, model.colours, look));
  at("sentences").replaceChildren(...items);
  at("results").hidden = false;
}

function showEntities() {
  const entities = kept();
  const all = shown.found.entities.length;
  at("document").replaceChildren(...marked(shown.text, entities, model.colours));
  const less = entities.length < all ? ` of ${all}` : "";
  say(`${entities.length}${less} ${all === 1 ? "entity" : "entities"} in ${shown.sentences.length} ${shown.sentences.length === 1 ? "sentence" : "sentences"}.`);
}

async function open(file) {
  if (!file) return;
  try {
    if (file.size > 4 * model?.max_explained) throw tooLong(file.name); // without reading it
    at("text").value = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    await find();
  } catch (error) {
    say(error instanceof TypeError ? `${file.name} is no text in UTF-8.` : error.message, true);
  }
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
at("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find();
});
at("file").addEventListener("click", (event) => (event.target.value = "")); // the same file may have changed
at("file").addEventListener("change", (event) => open(event.target.files[0]));
at("least").addEventListener("input", () => {
  at("least-shown").textContent = Number(at("least").value).toFixed(2);
  if (shown) showEntities();
});
at("jsonl").addEventListener("click", () => save("entities.jsonl", asJsonl(shown.found, kept())));
at("conll").addEventListener("click", () => save("entities.conll", asConll(shown.sentences, kept())));

const field = at("text");
for (const kind of ["dragenter", "dragover"])
  field.addEventListener(kind, (event) => {
    event.preventDefault();
    field.classList.add("dropping");
  });
for (const kind of ["dragleave", "drop"]) field.addEventListener(kind, () => field.classList.remove("dropping"));
field.addEventListener("drop", (event) => {
  const file = event.dataTransfer.files[0];
  if (!file) return;
  event.preventDefault();
  open(file);
});

meet().catch(complain);
