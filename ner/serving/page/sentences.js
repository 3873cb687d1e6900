// Sentence by sentence: how sure the model is, what else it held possible, and its gates.

import { make } from "./elements.js";
import { drawn } from "./gates.js";
import { marked } from "./marked.js";

export function sentencesOf(found) {
  const sentences = [];
  let first = 0;
  found.sentences.forEach((belief, number) => {
    const tokens = found.tokens.slice(first, (first += belief.tokens));
    sentences.push({ ...belief, tokens, readings: found.n_best?.[number] ?? [] });
  });
  return sentences;
}

export function listed(text, sentence, colours, look) {
  const [start, end] = [sentence.tokens[0].start, sentence.tokens.at(-1).end];
  const readings = sentence.readings.map((reading) =>
    make("li", {}, sure(reading.probability), make("span", { dir: "auto" }, ...marked(text, reading.entities, colours, start, end))),
  );
  const place = make("div", { "aria-live": "polite" });
  const button = make("button", { type: "button", text: "Look inside the model" });
  if (look)
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        place.replaceChildren(drawn(await look(sentence.tokens.map((token) => token.text))));
      } catch (error) {
        place.replaceChildren(make("p", { text: error.message }));
      }
      button.disabled = false;
    });
  const summary = make("summary", {}, make("bdi", { text: `${text.cut(start, end)} ` }), sure(sentence.probability));
  const list = make("ol", { className: "readings", "aria-label": "Readings, the likeliest first" }, ...readings);
  return make("li", {}, make("details", {}, summary, list, ...(look ? [button, place] : [])));
}

function sure(probability) {
  return make("span", { className: "sure", text: `${(100 * probability).toFixed(1)} %` });
}
