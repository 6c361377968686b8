"""Pages as a program reads them that is not a browser: tags, attributes, and the text of tables."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """All tags with their attributes, and the cells of each table, row by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        match tag:
            case "table":
                self.tables.append([])
            case "tr":
                self.tables[-1].append([])
            case "td" | "th":
                self.tables[-1][-1].append("")
        self._in_cell = tag in {"td", "th"} or (tag == "a" and self._in_cell)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "tr", "table"}:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[-1][-1][-1] += data

    def values_of(self, attribute: str) -> set[str]:
        return {attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs}
