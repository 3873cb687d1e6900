// The picture of a sentence: a table for each heat-map, a column for each token.

import { make } from "./elements.js";

const LYING = 14; // more names than these are written upwards

export function drawn(picture) {
  return make(
    "section",
    { "aria-label": picture.title },
    ...picture.maps.map((map) => figure(picture, map)),
    make("p", { className: "note", text: picture.caption }),
  );
}

function figure(picture, map) {
  const caption = make("figcaption", {}, make("b", { text: map.title }), legend(map));
  const names = picture.columns.map((name) => make("th", { scope: "col" }, make("div", { dir: "auto", text: name })));
  const head = make("thead", {}, bars(picture), make("tr", {}, make("td"), ...names));
  const body = make("tbody", {}, ...map.rows.map((row) => line(picture, row)));
  const kind = picture.columns.length > LYING ? "many" : "";
  const table = make("table", { className: kind }, head, body);
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": map.title }, table);
  return make("figure", {}, caption, scroll);
}

function legend(map) {
  const bar = make("span", { className: "bar", "aria-hidden": "true" });
  bar.style.backgroundImage = `linear-gradient(to right, ${map.stops.join(", ")})`;
  return make("span", { className: "legend" }, map.low, bar, map.high, ` ${map.unit}`);
}

function bars(picture) {
  const cells = [make("td")];
  let position = 0;
  for (const { label, start, end, colour } of picture.entities) {
    for (; position < start; position += 1) cells.push(make("td"));
    cells.push(make("td", { className: "entity", colSpan: end - start, text: label, colour }));
    position = end;
  }
  return make("tr", {}, ...cells);
}

function line(picture, row) {
  const edges = new Set(picture.entities.flatMap(({ start, end }) => [start, end]));
  const last = picture.columns.length;
  const cells = row.cells.map(({ text, value, colour, ink }, column) => {
    const exact = value === null ? text : value.toPrecision(4);
    const cell = make("td", { text, colour, title: `${row.name}, ${picture.columns[column]}: ${exact}` });
    cell.style.color = ink;
    cell.classList.toggle("left", edges.has(column));
    cell.classList.toggle("right", column + 1 === last && edges.has(last));
    return cell;
  });
  return make("tr", {}, make("th", { scope: "row", dir: "auto", text: row.name }), ...cells);
}
