// Shows the bin that the page's address names, as in bin.html#00523. What it shows is text, whatever it looks like.
"use strict";
(() => {
  const { facts, picture, bins } = JSON.parse(document.getElementById("data").textContent);
  const columns = ["fcsku", "asin", "name", "quantity", "length_in", "width_in", "height_in", "weight_lb"];
  const held = new Map(Object.entries(bins));
  const form = document.getElementById("find");
  const input = document.getElementById("bin");
  const shown = document.getElementById("shown");

  function make(tag, text, attributes = {}) {
    const element = document.createElement(tag);
    if (text !== null) element.append(typeof text === "number" ? text.toLocaleString("en", { maximumFractionDigits: 4 }) : text);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  function makeFact(name, value) {
    const isAddress = name === "image_url" && /^https:\/\/[!-~]+$/.test(value);
    const item = make("div", make("dt", name));
    item.append(make("dd", isAddress ? make("a", value, { href: value }) : value));
    return item;
  }

  function makeTable(id, lines) {
    const isNumber = columns.map((_, number) => lines.some((line) => typeof line[number] === "number"));
    const mark = (number) => (isNumber[number] ? { class: "n" } : {});
    const table = make("table", make("caption", `Lines of bin ${id}`, { class: "unseen" }));
    const head = table.createTHead().insertRow();
    head.append(...columns.map((column, number) => make("th", column, { scope: "col", ...mark(number) })));
    const body = table.createTBody();
    for (const line of lines) body.insertRow().append(...line.map((value, number) => make("td", value, mark(number))));
    return make("div", table, { class: "scroll", role: "region", "aria-label": `Lines of bin ${id}`, tabindex: "0" });
  }

  function describe(id) {
    const [...values] = held.get(id);
    const lines = values.pop();
    values.push(picture + values.pop());
    const list = make("dl", null, { class: "facts" });
    list.append(...facts.map((name, number) => makeFact(name, values[number])));
    return [make("h2", `Bin ${id}`), list, lines.length ? makeTable(id, lines) : make("p", "It has no lines.")];
  }

  function show() {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {
      // it is no encoding, and so the id itself
    }
    input.value = id;
    document.title = document.title.replace(/^.*? · /, `${id ? `Bin ${id}` : "Bins"} · `);
    if (!id) shown.replaceChildren();
    else if (held.has(id)) shown.replaceChildren(...describe(id));
    else shown.replaceChildren(make("h2", `Bin ${id}`), make("p", "It isn't among the bins that this page holds."));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = encodeURIComponent(input.value.trim());
  });
  addEventListener("hashchange", show);
  form.hidden = false;
  show();
})();
