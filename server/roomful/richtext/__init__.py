"""Rich text: documents between Yjs, ProseMirror's JSON, Markdown, HTML and plain text. Pure functions, no I/O."""
