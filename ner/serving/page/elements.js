// The only way in which this page makes elements: text is text, never markup, and colours are set one by one.

export function make(name, { text, colour, ...properties } = {}, ...children) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (colour) element.style.backgroundColor = colour;
  for (const [key, value] of Object.entries(properties)) {
    if (key in element && !key.includes("-")) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}
