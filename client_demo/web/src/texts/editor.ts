/** The editor of documents and descriptions. */

export const document = "Document";
export const documentOf = (title: string) => `Document: ${title}`;
export const rename = "Rename document";
export const notOpened = "The document could not be opened";
export const isClosed = "This document is closed";
export const placeholder = "Write something, / for a menu, or @ to mention somebody.";
export const readOnly = (why: string) =>
  `This document can only be read here. ${why} Nothing of it is lost; reload the page after an update.`;
export const people = "People";

// The tools.
export const tools = "Format";
export const redo = "Redo";
export const bold = "Bold";
export const boldSign = "B";
export const italic = "Italic";
export const italicSign = "I";
export const underline = "Underline";
export const underlineSign = "U";
export const strike = "Strikethrough";
export const strikeSign = "S";
export const code = "Code";
export const kindOfText = "Kind of text";
export const addRow = "Add row";
export const addRowSign = "+ Row";
export const deleteRow = "Delete row";
export const deleteRowSign = "− Row";
export const addColumn = "Add column";
export const addColumnSign = "+ Column";
export const deleteColumn = "Delete column";
export const deleteColumnSign = "− Column";
export const deleteTable = "Delete table";

// What a text can be, there and in the menu at /; with other words that find it.
export const insert = "Insert";
export const heading1 = "Heading 1";
export const heading1Words = "h1 title";
export const heading2 = "Heading 2";
export const heading2Words = "h2";
export const heading3 = "Heading 3";
export const heading3Words = "h3";
export const bulletList = "Bullet list";
export const bulletListWords = "ul points";
export const numberedList = "Numbered list";
export const numberedListWords = "ol";
export const checkList = "Check list";
export const checkListWords = "task todo";
export const table = "Table";
export const tableWords = "grid";
export const image = "Image";
export const imageWords = "picture";
export const mention = "Mention";
export const mentionWords = "@ person people";
export const quote = "Quote";
export const quoteWords = "blockquote";
export const codeBlock = "Code block";
export const codeBlockWords = "pre";
export const divider = "Divider";
export const dividerWords = "line rule hr";
export const text = "Text";
export const textWords = "paragraph";

// The dialog for an address.
export const link = "Link";
export const address = "Address";
export const whatItShows = "What it shows";
export const otherServers = "Images of other servers open in a tab of their own, so that those learn nothing.";
export const otherServersThan = (hosts: readonly string[]) =>
  `Images of other servers than ${hosts.join(" and ")} open in a tab of their own, so that those learn nothing.`;
export const noAddress = "That is no web or e-mail address.";
export const removeLink = "Remove link";
export const open = "Open";
export const addImage = "Add image";
export const addressOfLink = (title: string) => `Address of a link in “${title}”`;
export const textOfLink = (title: string) => `Text of a link in “${title}”`;
export const addressOfImage = (title: string) => `Address of an image in “${title}”`;
export const textOfImage = (title: string) => `Text of an image in “${title}”`;

// What is drawn without the editor.
export const done = "Done";
export const showFrom = (host: string) => `Show from ${host}`;
export const drawnImage = (words: string) => `[Image: ${words}]`;
export const unknown = (type: string) => `Unknown: ${type}`;

// A text that could not be saved.
export const notSaved = "Some of your text isn't saved.";
export const copyWhatYouNeed = (why: string) => `${why} Copy what you need.`;
export const onlyReadNow =
  "You can only read this document now, so your last changes could not be saved. Copy what you need.";
export const download = "Download";
export const fileOfUnsaved = "unsaved.txt";
export const forget = "Forget it";
export const forgetQuestion = "Forget this text?";
export const forgetHint = "It exists only on this device.";
export const versions = "Versions";
