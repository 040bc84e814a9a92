// What does the page say, and in which language?
//
// Before you edit: every text stands beside its translation, so that neither is forgotten. Names of HTTP, of
// methods and of headers are not translated.

export const LANGUAGES = { en: "English", "zh-Hans": "简体中文" };

export function both(en, zh) {
  return { en, "zh-Hans": zh };
}

/** The language of ?lang=, else the browser's, else English. */
export function chosenLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  return [asked, ...navigator.languages].map(known).find(Boolean) || "en";
}

function known(tag) {
  const primary = (tag || "").toLowerCase().split("-")[0];
  return { en: "en", zh: "zh-Hans" }[primary];
}

export const TEXTS = {
  title: both("CORS policies: a lab", "CORS 策略实验室"),
  intro: both(
    "This page is {page}. What it uses comes from {api}, to the browser another origin, so the policies over there decide. Each row is carried out by your browser, with nothing simulated. Change a policy in the {admin} and run the row again: no reload, no restart.",
    "本页面位于 {page}，所用资源来自 {api}。对浏览器而言，后者是另一个源，因此由那里的策略决定本页面能做什么。每一行都由您的浏览器真实执行，没有任何模拟。在{admin}中修改策略后再次运行该行即可看到变化，无需刷新页面，也无需重启服务。",
  ),
  admin: both("admin", "管理后台"),
  language: both("Language", "语言"),
  runAll: both("Run all", "全部运行"),
  contents: both("Contents", "目录"),
  run: both("Run", "运行"),
  runThis: both("Run “{title}”, {variant}", "运行“{title}”（{variant}）"),
  variants: {
    allowed: both("Meant to be allowed", "应当允许"),
    refused: both("Meant to be refused", "应当拒绝"),
  },
  policy: both("Policy:", "策略："),
  edit: both("Edit the policy {policy}", "编辑策略 {policy}"),
  notRun: both("Not run yet.", "尚未运行。"),
  running: both("Running …", "正在运行……"),
  verdicts: {
    allowed: both("Allowed", "已允许"),
    refused: both("Refused", "已拒绝"),
    failed: both("Could not be carried out", "未能执行"),
  },
  unexpected: both("(as the policy now is, not as this variant is meant)", "（由当前策略决定，与此项的本意不同）"),
  summary: both("{done} of {all} carried out; {other} not as meant.", "已执行 {done} 项，共 {all} 项；{other} 项与本意不同。"),
  requests: both("What the browser sent", "浏览器发出的请求"),
  none: both("Nothing: no request reached the API site.", "没有请求到达 API 站点。"),
  kinds: { preflight: both("Preflight", "预检请求"), actual: both("Actual request", "实际请求") },
  sent: both("Sent", "请求"),
  answered: both("Answered", "响应"),
  noSent: both("No Origin, and nothing else that decides", "没有 Origin，也没有其他起决定作用的标头"),
  noAnswered: both("No CORS header", "没有 CORS 标头"),
  decided: both("The site decided by {policy}: {reason}", "站点依据 {policy} 作出的决定：{reason}"),
  denied: both("Not let in by {policies}: {reason}", "{policies} 不予放行：{reason}"),
  notCors: both(
    "Sent without Origin, so {policies} has no origin to judge: {reason}",
    "请求不带 Origin，{policies} 没有可判断的源：{reason}",
  ),
  ungoverned: both("No policy speaks for this path.", "此路径不受任何策略管辖。"),
};

/** The text with what stands in braces filled in. */
export function fill(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
}
