import { expect, test } from "vitest";
import { decode, read, write } from "../src/state/csv";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  "title,labels\r\nFly,moon\r\n",
  "title;labels\nFly;moon",
  "title\tlabels\rFly\tmoon",
  '"title","labels"\n"Fly","moon"\n',
])("every spelling of a table: %j", (text) => {
  expect(read(text)).toEqual({
    heading: ["title", "labels"],
    rows: [{ line: 2, cells: ["Fly", "moon"] }],
    openQuote: null,
  });
});

test("lines of rows count what is between them", () => {
  const { rows } = read('sep=;\ntitle;description\n\n"Fly";"one\r\ntwo; ""three"""\n;\nLand;\n5" pipe;x');
  expect(rows).toEqual([
    { line: 4, cells: ["Fly", 'one\r\ntwo; "three"'] },
    { line: 7, cells: ["Land", ""] },
    { line: 8, cells: ['5" pipe', "x"] },
  ]);
});

test("a quote that is never closed takes the rest", () => {
  const { rows, openQuote } = read('title\nFly\n"Land\nSwim\n');
  expect(rows).toEqual([{ line: 2, cells: ["Fly"] }]);
  expect(openQuote).toBe(3);
});

test("nothing is no table", () => {
  expect(read("")).toEqual({ heading: [], rows: [], openQuote: null });
});

test("files of spreadsheets are decoded", () => {
  const utf16 = new Uint8Array([0xff, 0xfe, ...[..."é"].flatMap((sign) => [sign.charCodeAt(0), 0])]);
  expect(decode(utf16)).toBe("é");
  expect(decode(bytes("\ufeffé"))).toBe("é");
  expect(decode(new Uint8Array([0x43, 0x61, 0x66, 0xe9]))).toBe("Café");
});

test("written rows are read as they were", () => {
  const rows = [
    ["title", "a"],
    ['say "x"', "one\r\ntwo,\n"],
  ];
  const { heading, rows: found } = read(write(rows));
  expect([heading, ...found.map(({ cells }) => cells)]).toEqual(rows);
});
