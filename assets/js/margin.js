// The Margin tab: an explorable page of its own (assets/margin), put into the app.

import { mount } from "../margin/main.js";

export default function margin({ element, server }) {
  const host = document.createElement("div");
  element.append(host);
  mount(host, { moreStudies: server.fetched_distributions().catch(() => []) });
}
