// The lab: which rows are there, and what happened when one was run?
//
// Before you edit: window.lab is what tests in any browser call.
//   lab.rows: [{id, variants: {allowed: {path, policy}, refused: {path, policy}}}]
//   lab.run(id, variant): a promise of {verdict, detail, expected, requests}; verdict is "allowed", "refused" or,
//   where this browser could not carry it out, "failed".

import { Page } from "./drawing.js";
import { pathOf, policyOf, Run } from "./running.js";
import { GROUPS } from "./rows/all.js";
import { both, chosenLanguage } from "./texts.js";

const VARIANTS = ["allowed", "refused"];
const rows = GROUPS.flatMap((group) => group.rows);
const sites = fetch("config.json").then((response) => response.json());
const page = new Page(GROUPS, VARIANTS, chosenLanguage());

async function run(id, variant) {
  const row = rows.find((candidate) => candidate.id === id);
  if (!row || !VARIANTS.includes(variant)) {
    throw new Error(`There is no row ${id} with a variant ${variant}. lab.rows lists what there is.`);
  }
  const attempt = row.attempt || row.attempts[variant];
  const current = new Run(row, variant, await sites);
  page.showRunning(id, variant);
  const outcome = await attempt(current).catch((error) => ({ verdict: "failed", saw: both(String(error), String(error)) }));
  const requests = await current.requests().catch(() => []);
  page.showOutcome(id, variant, { ...outcome, requests });
  return { verdict: outcome.verdict, detail: outcome.saw[page.language], expected: variant, requests };
}

async function runAll() {
  for (const row of rows) {
    for (const variant of VARIANTS) {
      await run(row.id, variant);
    }
  }
}

window.lab = {
  rows: rows.map(({ id }) => ({
    id,
    variants: Object.fromEntries(
      VARIANTS.map((variant) => [variant, { path: pathOf({ id }, variant), policy: policyOf({ id }, variant) }]),
    ),
  })),
  run,
  runAll,
};

page.draw(await sites, run, runAll);
