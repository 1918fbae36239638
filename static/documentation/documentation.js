// The documentation's small manners: code is copied by a button, the pages of the side are open where there is room.
"use strict";

for (const block of document.querySelectorAll("[data-copyable]")) {
  const code = block.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "doc-copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    // What a terminal shows before a command is no part of it.
    const text = code.textContent.replace(/^\$ /gm, "").trimEnd();
    try {
      await navigator.clipboard.writeText(text);
      say(button, "Copied");
    } catch {
      // No clipboard outside of https, or none that we may write to: the reader copies it by hand.
      getSelection().selectAllChildren(code);
      say(button, "Press Ctrl+C");
    }
  });
  block.append(button);
}

function say(button, text) {
  button.textContent = text;
  document.querySelector("[data-docs-status]").textContent = text;
  setTimeout(() => (button.textContent = "Copy"), 3000);
}

const wide = matchMedia("(min-width: 75rem)");
for (const pages of document.querySelectorAll("[data-wide-open]")) {
  const follow = () => (pages.open = wide.matches);
  wide.addEventListener("change", follow);
  follow();
}
