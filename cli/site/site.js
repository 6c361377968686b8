// Tables that sort and filter, with their state in the page's address; buttons that copy.
"use strict";
(() => {
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const collator = new Intl.Collator("en", { numeric: true });

  // --- the table -----------------------------------------------------------------------------------------------

  const table = document.querySelector("table[data-live]");

  function setUpTable() {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const names = heads.map((head) => head.textContent);
    const rows = [...body.rows].map((row) => ({ row, text: fold([...row.cells].map(read).join("\n")) }));
    const words = document.getElementById("words");
    const extent = document.getElementById("extent");
    const whole = extent.textContent;
    const state = { column: -1, descending: false, filter: "" };
    let pending;

    function read(cell) {
      return cell.textContent;
    }

    // Numbers stand in groups of three. What isn't known goes last, whichever way the rows are sorted.
    function keyOf(row) {
      const text = row.cells[state.column].textContent;
      if (text === "") return null;
      if (!heads[state.column].classList.contains("n")) return text;
      const number = Number(text.replaceAll(",", ""));
      return Number.isNaN(number) ? null : number;
    }

    function compare(one, other) {
      if (one.key === null || other.key === null) return (one.key === null) - (other.key === null);
      const order = typeof one.key === "number" ? one.key - other.key : collator.compare(one.key, other.key);
      return state.descending ? -order : order;
    }

    function sort() {
      const sorted = state.column < 0 ? rows : rows.map((entry) => ({ ...entry, key: keyOf(entry.row) })).sort(compare);
      body.append(...sorted.map((entry) => entry.row));
      heads.forEach((head, number) => {
        const direction = state.descending ? "descending" : "ascending";
        head.setAttribute("aria-sort", number === state.column ? direction : "none");
      });
    }

    function filter() {
      const wanted = fold(state.filter).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const { row, text } of rows) {
        row.hidden = !wanted.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      const matching = `${shown.toLocaleString("en")} of these ${rows.length.toLocaleString("en")} rows match`;
      const order = state.column < 0 ? "" : `, by ${names[state.column]}, ${state.descending ? "descending" : "ascending"}`;
      extent.textContent = (wanted.length ? matching : whole) + order;
    }

    function show() {
      sort();
      filter();
    }

    function readAddress() {
      const asked = new URLSearchParams(location.hash.slice(1));
      const order = asked.get("sort") ?? "";
      state.descending = !names.includes(order) && order.startsWith("-");
      state.column = names.indexOf(state.descending ? order.slice(1) : order);
      state.filter = asked.get("filter") ?? "";
      words.value = state.filter;
      show();
    }

    function writeAddress() {
      const told = new URLSearchParams();
      if (state.column >= 0) told.set("sort", (state.descending ? "-" : "") + names[state.column]);
      if (state.filter) told.set("filter", state.filter);
      history.replaceState(null, "", `${location.href.split("#")[0]}#${told}`);
    }

    // Ascending, descending, and as the report has them.
    function turn(number) {
      if (state.column !== number) Object.assign(state, { column: number, descending: false });
      else if (!state.descending) state.descending = true;
      else Object.assign(state, { column: -1, descending: false });
      show();
      writeAddress();
    }

    heads.forEach((head, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => turn(number));
      head.append(button);
    });
    words.addEventListener("input", () => {
      state.filter = words.value.trim();
      filter();
      clearTimeout(pending); // browsers refuse an address that changes with each key
      pending = setTimeout(writeAddress, 200);
    });
    words.form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", readAddress);
    words.form.hidden = false;
    readAddress();
  }

  if (table) setUpTable();

  // --- copying -------------------------------------------------------------------------------------------------

  for (const button of document.querySelectorAll("button.copy")) {
    const section = button.parentElement;
    const code = section.querySelector("code");
    const said = section.querySelector("[role=status]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        said.textContent = "Copied.";
      } catch {
        getSelection().selectAllChildren(code);
        said.textContent = "The browser doesn't allow it: it is selected, copy it with the keyboard.";
      }
    });
  }

  // --- getting about -------------------------------------------------------------------------------------------

  // The address holds what a page shows, so that the link to the content must not change it.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("content").focus();
  });

  const menu = document.querySelector("header details");
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
