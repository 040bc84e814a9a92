// What does a row need to carry itself out, and how does it say what the page got?
//
// Before you edit: every address of a run carries its id, so that the API site can say afterwards what the
// browser sent. It also makes each address new to every cache of the browser.

import { both } from "./texts.js";

const PATIENCE = 30_000;

export class Run {
  constructor(row, variant, sites) {
    this.id = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.path = pathOf(row, variant);
    this.site = row.sameSite ? sites.sameSite : sites.api;
  }

  /** The address of one of the row's resources. */
  url(resource, query = {}) {
    return `${this.site}${this.path}${resource}?${new URLSearchParams({ ...query, run: this.id })}`;
  }

  /** The requests so far, once each of them is answered. */
  async requests() {
    return until(async () => {
      const found = (await (await fetch(`log?run=${this.id}`)).json()).requests;
      return found.every((request) => request.status !== null) && found;
    });
  }
}

export function pathOf(row, variant) {
  return `/lab/${row.id}/${variant}/`;
}

export function policyOf(row, variant) {
  return `lab-${row.id}-${variant}`;
}

export function allowed(en, zh) {
  return { verdict: "allowed", saw: both(en, zh) };
}

export function refused(en, zh) {
  return { verdict: "refused", saw: both(en, zh) };
}

/** What a script sees of a request that was refused: an error that says nothing. */
export function blocked(error) {
  return refused(`All that the script sees is “${error}”.`, `脚本只能看到“${error}”。`);
}

/** Asks again and again until there is an answer. */
export async function until(ask) {
  const started = performance.now();
  for (;;) {
    const found = await ask();
    if (found) {
      return found;
    }
    if (performance.now() - started > PATIENCE) {
      throw new Error("Nothing happened for 30 seconds.");
    }
    await new Promise((done) => setTimeout(done, 30));
  }
}

/** Settles with the first of the events: true for one that succeeds, false for one that fails. */
export function settled(target, good, bad) {
  return new Promise((done, fail) => {
    target.addEventListener(good, () => done(true), { once: true });
    target.addEventListener(bad, () => done(false), { once: true });
    setTimeout(() => fail(new Error(`Neither ${good} nor ${bad} happened for 30 seconds.`)), PATIENCE);
  });
}

/** Puts an element where it is laid out and not seen, for as long as the work with it takes. */
export async function onStage(element, work) {
  document.getElementById("stage").append(element);
  try {
    return await work(element);
  } finally {
    element.remove();
  }
}
