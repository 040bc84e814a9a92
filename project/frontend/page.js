"use strict";
// Each row makes one request, says what the browser let this page see, and asks the site which policy decided.

const ROWS = [
  { title: "Simple GET", method: "GET", path: "/api/orders/" },
  { title: "GET of a public resource", method: "GET", path: "/api/public/orders/" },
  { title: "JSON POST", method: "POST", path: "/api/orders/", headers: { "Content-Type": "application/json" }, body: "{}" },
  { title: "PUT with a custom header", method: "PUT", path: "/api/orders/1/", headers: { "X-Demo-Token": "abc" } },
  { title: "With cookies", method: "GET", path: "/api/visit/", credentials: "include", sameSite: true },
  { title: "Read an exposed header", method: "GET", path: "/api/orders/", header: "X-Total-Count" },
  { title: "DELETE, which no policy allows", method: "DELETE", path: "/api/orders/1/" },
  { title: "GET below a shield", method: "GET", path: "/api/internal/orders/" },
];

async function run(sites, row, item) {
  // Browsers hand no cookies to another site. Another port is another origin, but the same site.
  const api = row.sameSite ? sites.sameSite : sites.api;
  const verdict = item.querySelector(".verdict");
  const shown = item.querySelector("pre");
  verdict.textContent = "Asking …";
  item.className = "";
  try {
    const response = await fetch(api + row.path, {
      method: row.method,
      headers: row.headers || {},
      body: row.body,
      credentials: row.credentials || "omit",
      cache: "no-store",
    });
    const text = row.header ? `${row.header}: ${response.headers.get(row.header)}` : await response.text();
    shown.textContent = text;
    verdict.textContent = `Allowed: this page sees status ${response.status}.`;
    item.className = "allowed";
  } catch (error) {
    shown.textContent = String(error);
    verdict.textContent = "Refused by the browser: this page sees an error, and nothing else.";
    item.className = "refused";
  }
  shown.hidden = false;
  await explain(api, row, item.querySelector(".why"));
}

async function explain(api, row, list) {
  const asked = {
    method: row.method,
    path: row.path,
    origin: location.origin,
    headers: row.headers || {},
    credentials: row.credentials || "omit",
  };
  let sentences;
  try {
    const response = await fetch(`${api}/demo/explain/?request=${encodeURIComponent(JSON.stringify(asked))}`);
    const found = await response.json();
    sentences = [`Policy: ${found.policy || "none"} (${found.reason})`, ...found.explanation];
  } catch {
    sentences = ["The site's explanation is refused too: the policy demo-explanations does not let this page in."];
  }
  list.replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("li");
    line.textContent = sentence;
    return line;
  }));
}

async function start() {
  const { api } = await (await fetch("config.json")).json();
  const sites = { api, sameSite: api.replace("127.0.0.1", location.hostname) };
  document.getElementById("here").textContent = location.origin;
  document.getElementById("there").textContent = api;
  document.getElementById("admin").href = `${api}/admin/cors_policies/policy/`;
  const template = document.getElementById("row");
  for (const row of ROWS) {
    const item = template.content.firstElementChild.cloneNode(true);
    const button = item.querySelector("button");
    button.textContent = row.title;
    const shown = row.sameSite ? sites.sameSite : "";
    item.querySelector("code").textContent = `${row.method} ${shown}${row.path}`;
    button.addEventListener("click", () => run(sites, row, item));
    document.getElementById("rows").append(item);
  }
}

start();
