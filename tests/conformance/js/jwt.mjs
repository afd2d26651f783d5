// Tokens for the conformance server.
import { createHmac } from "node:crypto";

const SECRET = "secret";

const encode = (value) => Buffer.from(value).toString("base64url");

// It expires `seconds` from now at the earliest; with a negative number it has expired.
export function sign(claims, seconds) {
  const all = seconds === undefined ? claims : { ...claims, exp: Math.ceil(Date.now() / 1000 + seconds) };
  const text = `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(JSON.stringify(all))}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}
