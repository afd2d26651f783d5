/** Images by address. Those of unknown servers are not loaded: that would tell their owners who reads, and when. */

import { Image } from "@tiptap/extension-image";
import * as texts from "../texts/editor";

export const RemoteImage = Image.extend({
  addNodeView() {
    return ({ node }) => ({ dom: imageView(String(node.attrs.src ?? ""), String(node.attrs.alt ?? "")) });
  },
});

/** The image if it may be loaded, else its description with a link that opens it in a tab of its own. */
function imageView(source: string, words: string): HTMLElement {
  const address = readAddress(source);
  const frame = document.createElement("figure");
  frame.className = "image";
  if (address && isTrusted(address)) {
    const image = document.createElement("img");
    image.src = address.href;
    image.alt = words;
    frame.append(image);
    return frame;
  }
  const text = document.createElement("span");
  text.textContent = words || texts.image;
  frame.append(text);
  if (address && ["http:", "https:"].includes(address.protocol)) {
    const link = document.createElement("a");
    link.href = address.href;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    link.textContent = texts.showFrom(address.host);
    frame.append(link);
  }
  return frame;
}

/** Of this server, or of a host that its operator trusts. The page's policy allows no other image. */
function isTrusted(address: URL): boolean {
  return address.origin === location.origin || matchesHost(address, imageHosts());
}

/** The hosts that the operator trusts (ROOMFUL_IMAGE_HOSTS). */
export function imageHosts(): string[] {
  return document.documentElement.dataset.imageHosts?.split(" ") ?? [];
}

/** `*.images.example` means every host below images.example, as in the page's policy. */
export function matchesHost({ protocol, host }: URL, hosts: readonly string[]): boolean {
  return (
    protocol === "https:" && hosts.some((each) => (each[0] === "*" ? host.endsWith(each.slice(1)) : host === each))
  );
}

function readAddress(source: string): URL | null {
  try {
    return new URL(source, location.href);
  } catch {
    return null;
  }
}
