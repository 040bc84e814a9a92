// How does the page show rows, verdicts and requests?
//
// Before you edit:
// * Whatever comes from a request is text, never markup.
// * A change of language draws everything anew, from what is known; nothing is run again.
// * No inline style or script: the page's Content-Security-Policy forbids them.

import { policyOf } from "./running.js";
import { fill, LANGUAGES, TEXTS } from "./texts.js";

export class Page {
  constructor(groups, variants, language) {
    Object.assign(this, { groups, variants, language });
    this.outcomes = new Map();
  }

  /** Draws everything, for the first time. */
  draw(sites, run, runAll) {
    Object.assign(this, { sites, run });
    this.button = document.getElementById("run-all");
    this.button.addEventListener("click", async () => {
      this.button.disabled = true;
      await runAll();
      this.button.disabled = false;
    });
    this.redraw();
  }

  redraw() {
    document.documentElement.lang = this.language;
    document.title = this.text(TEXTS.title);
    document.getElementById("title").textContent = document.title;
    document.getElementById("intro").replaceChildren(...this.introduction());
    document.getElementById("languages").replaceChildren(...this.languages());
    document.getElementById("languages").setAttribute("aria-label", this.text(TEXTS.language));
    this.button.textContent = this.text(TEXTS.runAll);
    document.getElementById("contents").setAttribute("aria-label", this.text(TEXTS.contents));
    document.getElementById("contents").replaceChildren(...this.groups.map((group) => element("a", { href: `#${group.id}` }, this.text(group.title))));
    document.getElementById("groups").replaceChildren(...this.groups.map((group) => this.group(group)));
    for (const key of this.outcomes.keys()) {
      this.show(...key.split(" "));
    }
    this.summarise();
  }

  showRunning(id, variant) {
    this.outcomes.set(`${id} ${variant}`, null);
    this.show(id, variant);
  }

  showOutcome(id, variant, outcome) {
    this.outcomes.set(`${id} ${variant}`, outcome);
    this.show(id, variant);
    this.summarise();
  }

  text(text, values) {
    return fill(text[this.language], values);
  }

  introduction() {
    const parts = {
      page: element("code", {}, location.origin),
      api: element("code", {}, this.sites.api),
      admin: element("a", { href: `${this.sites.api}/lab/edit/?lang=${this.language}`, target: "admin" }, this.text(TEXTS.admin)),
    };
    return this.text(TEXTS.intro).split(/\{(\w+)\}/).map((part) => parts[part] || part);
  }

  languages() {
    return Object.entries(LANGUAGES).map(([language, name]) => {
      const button = element("button", { type: "button", lang: language, "aria-pressed": language === this.language }, name);
      button.addEventListener("click", () => this.speak(language));
      return button;
    });
  }

  speak(language) {
    this.language = language;
    const address = new URL(location.href);
    address.searchParams.set("lang", language);
    history.replaceState(null, "", address);
    this.redraw();
    document.querySelector(`#languages [lang="${language}"]`).focus();
  }

  group(group) {
    const heading = element("h2", { id: group.id }, this.text(group.title));
    return element("section", { "aria-labelledby": group.id }, heading, ...group.rows.map((row) => this.row(row)));
  }

  row(row) {
    return element(
      "article",
      { id: `row-${row.id}`, "aria-labelledby": `title-${row.id}` },
      element("h3", { id: `title-${row.id}` }, this.text(row.title)),
      element("p", { class: "about" }, this.text(row.text)),
      element("div", { class: "variants" }, ...this.variants.map((variant) => this.variant(row, variant))),
    );
  }

  variant(row, variant) {
    const name = policyOf(row, variant);
    const label = this.text(TEXTS.runThis, { title: this.text(row.title), variant: this.text(TEXTS.variants[variant]) });
    const button = element("button", { type: "button", class: "run", "aria-label": label }, this.text(TEXTS.run));
    button.addEventListener("click", () => this.run(row.id, variant));
    return element(
      "div",
      { id: `${row.id}-${variant}`, class: "variant", "data-row": row.id, "data-variant": variant },
      element("div", { class: "head" }, element("h4", {}, this.text(TEXTS.variants[variant])), button),
      element("p", { class: "says" }, this.text(row.says[variant]), element("span", { class: "policy" }, this.text(TEXTS.policy), " ", this.link(name))),
      element("p", { class: "verdict", role: "status" }, this.text(TEXTS.notRun)),
      element("div", { class: "found" }),
    );
  }

  /** A link to the policy's form in the admin. */
  link(name) {
    const title = this.text(TEXTS.edit, { policy: name });
    return element("a", { href: `${this.sites.api}/lab/edit/${encodeURIComponent(name)}/?lang=${this.language}`, target: "admin", title }, name);
  }

  show(id, variant) {
    const place = document.getElementById(`${id}-${variant}`);
    if (!place) {
      return;
    }
    const outcome = this.outcomes.get(`${id} ${variant}`);
    place.dataset.verdict = outcome ? outcome.verdict : "running";
    place.querySelector(".verdict").textContent = outcome ? this.verdict(outcome, variant) : this.text(TEXTS.running);
    place.querySelector(".found").replaceChildren(...(outcome ? this.found(outcome) : []));
  }

  verdict(outcome, variant) {
    const verdict = this.text(TEXTS.verdicts[outcome.verdict]);
    const isOther = outcome.verdict !== "failed" && outcome.verdict !== variant;
    return isOther ? `${verdict} ${this.text(TEXTS.unexpected)}` : verdict;
  }

  found(outcome) {
    const requests = outcome.requests.length
      ? element("ol", {}, ...outcome.requests.map((request) => this.request(request)))
      : element("p", {}, this.text(TEXTS.none));
    return [element("p", { class: "saw" }, outcome.saw[this.language]), element("h5", {}, this.text(TEXTS.requests)), requests];
  }

  request(request) {
    return element(
      "li",
      { "data-kind": request.kind },
      element("span", { class: "kind" }, this.text(TEXTS.kinds[request.kind])),
      " ",
      element("code", {}, `${request.method} ${request.host}${request.path} →\u00a0${request.status}`),
      this.headers(TEXTS.sent, request.headers, TEXTS.noSent),
      this.headers(TEXTS.answered, request.answer, TEXTS.noAnswered),
      element("p", { class: "why" }, ...this.why(request)),
    );
  }

  headers(title, lines, none) {
    const shown = lines.length
      ? element("pre", {}, lines.map(([name, value]) => `${name}: ${value}`).join("\n"))
      : element("p", { class: "nothing" }, this.text(none));
    return element("div", { class: "headers" }, element("span", {}, this.text(title)), shown);
  }

  why(request) {
    const reason = element("code", {}, request.reason);
    if (!request.path_group.length) {
      return [this.text(TEXTS.ungoverned)];
    }
    const names = request.policy ? [request.policy] : request.path_group;
    const links = names.flatMap((name, index) => (index ? [", ", this.link(name)] : [this.link(name)]));
    const without = request.reason === "not-cors" ? TEXTS.notCors : TEXTS.denied;
    const text = this.text(request.policy ? TEXTS.decided : without);
    return text.split(/\{(\w+)\}/).flatMap((part) => ({ policy: links, policies: links, reason: [reason] })[part] || [part]);
  }

  summarise() {
    const found = [...this.outcomes].filter(([, outcome]) => outcome);
    const all = this.variants.length * this.groups.reduce((sum, group) => sum + group.rows.length, 0);
    const other = found.filter(([key, outcome]) => outcome.verdict !== key.split(" ")[1]).length;
    document.getElementById("summary").textContent = found.length ? this.text(TEXTS.summary, { done: found.length, all, other }) : "";
  }
}

function element(tag, attributes, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...content);
  return made;
}
