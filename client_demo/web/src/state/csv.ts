/** Files of CSV: their bytes as rows of cells, and rows as CSV again (RFC 4180). */

/** A row of cells; it begins on `line` of the file, counted from 1. */
export interface CsvRow {
  line: number;
  cells: string[];
}

export interface Table {
  heading: string[];
  rows: CsvRow[];
  /** The line of a quote that is never closed: everything after it is missing from the rows. */
  openQuote: number | null;
}

const DELIMITERS = [",", ";", "\t"];
/** How a cell begins that a spreadsheet may run, or one that has been guarded already. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;

/** The text of a file: UTF-8, UTF-16 with its mark, or what Excel makes in western countries. */
export function decode(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) return new TextDecoder(bytes[0] === 0xff ? "utf-16le" : "utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** The rows that are not blank. Between cells stands what the heading has most of, or what `sep=` says above it. */
export function read(text: string): Table {
  const hint = /^sep=(.)(?:\r\n|\r|\n)/.exec(text);
  const delimiter = hint?.[1] ?? delimiterOf(text);
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  let hasQuotes = false;
  let line = hint ? 2 : 1;
  let start = line;
  const endRow = () => {
    cells.push(cell);
    if (cells.some((each) => each.trim() !== "")) rows.push({ line: start, cells });
    cells = [];
    cell = "";
    hasQuotes = false;
  };
  for (let at = hint?.[0].length ?? 0; at < text.length; at++) {
    const sign = text[at]!;
    const isLineEnd = sign === "\n" || (sign === "\r" && text[at + 1] !== "\n");
    if (isLineEnd) line++;
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += sign;
        at++;
      } else isQuoted = false;
    } else if (sign === '"' && cell === "" && !hasQuotes) {
      isQuoted = true;
      hasQuotes = true;
    } else if (sign === delimiter) {
      cells.push(cell);
      cell = "";
      hasQuotes = false;
    } else if (isLineEnd) {
      endRow();
      start = line;
    } else if (sign !== "\r") cell += sign;
  }
  if (!isQuoted && (cell !== "" || cells.length > 0)) endRow();
  return { heading: rows[0]?.cells ?? [], rows: rows.slice(1), openQuote: isQuoted ? start : null };
}

/** Rows as CSV, every cell in quotes. */
export function write(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")}\r\n`).join("");
}

/** With an apostrophe before what a spreadsheet may run, as the server guards its exports. */
export function guarded(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** Without that apostrophe. */
export function unguarded(text: string): string {
  return text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;
}

function delimiterOf(text: string): string {
  const heading = text
    .slice(0, 10_000)
    .replace(/"[^"]*"/g, "")
    .trimStart()
    .split(/[\r\n]/, 1)[0]!;
  const count = (sign: string) => heading.split(sign).length;
  return DELIMITERS.reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}
