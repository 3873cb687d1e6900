// What is shown, as a file.

import { make } from "./elements.js";

export function asJsonl(found, entities) {
  const tokens = found.tokens.map(({ text, start, end }) => ({ text, start, end }));
  return `${JSON.stringify({ text: found.text, tokens, entities })}\n`;
}

export function asConll(sentences, entities) {
  return sentences
    .map(({ tokens }) => `${tokens.map((token) => `${token.text}\t${tagOf(token, entities)}\n`).join("")}\n`)
    .join("");
}

function tagOf(token, entities) {
  const entity = entities.find(({ start, end }) => start <= token.start && token.end <= end);
  if (!entity) return "O";
  return `${entity.start === token.start ? "B" : "I"}-${entity.label}`;
}

export function save(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "text/plain;charset=utf-8" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
