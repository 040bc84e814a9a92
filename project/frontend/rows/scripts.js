// Rows: module scripts, event streams, and JSONP, which asks for no permission.

import { both } from "../texts.js";
import { allowed, blocked, refused, settled } from "../running.js";

const OWN = both("This page's origin is allowed.", "允许本页面的源。");
const OTHER = both("Only another origin is allowed.", "只允许另一个源。");

async function module(run) {
  const script = document.createElement("script");
  const happens = settled(script, "load", "error");
  Object.assign(script, { type: "module", src: run.url("module.js") });
  document.head.append(script);
  const isLoaded = await happens;
  script.remove();
  if (!isLoaded) {
    return blocked("error");
  }
  const { sentence } = await import(script.src);
  return allowed(`It exports “${sentence}”`, `它导出了“${sentence}”`);
}

async function events(run) {
  const source = new EventSource(run.url("events"));
  try {
    let data = "";
    source.addEventListener("message", (event) => (data = event.data), { once: true });
    return (await settled(source, "message", "error")) ? allowed(`It says “${data}”.`, `收到“${data}”。`) : blocked(`error, readyState ${source.readyState}`);
  } finally {
    source.close();
  }
}

function jsonp(query) {
  return async (run) => {
    const callback = `lab_${run.id}`;
    const script = document.createElement("script");
    const happens = settled(script, "load", "error");
    let found;
    window[callback] = (data) => (found = data);
    script.src = run.url("data.js", { ...query, callback });
    document.head.append(script);
    await happens;
    script.remove();
    delete window[callback];
    return found
      ? allowed(`The function was called with ${JSON.stringify(found)}`, `函数被调用，参数为 ${JSON.stringify(found)}`)
      : refused("An error event, without status or text: the answer was 404, with a sentence in it.", "只有一个 error 事件，没有状态码，也没有内容：实际响应是带有说明文字的 404。");
  };
}

export const scripts = [
  {
    id: "module",
    title: both("A module script", "模块脚本"),
    text: both(
      "Unlike a classic script, a module of another origin needs a permission: it is asked for with CORS, and its imports too.",
      "与传统脚本不同，跨源模块需要许可：模块及其导入的模块都以 CORS 方式请求。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: module,
  },
  {
    id: "events",
    title: both("Server-sent events", "服务器发送事件"),
    text: both(
      "EventSource reads a stream with CORS. A refused stream is closed for good: the browser does not try again.",
      "EventSource 以 CORS 方式读取数据流。被拒绝的数据流会永久关闭，浏览器不会重连。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: events,
  },
  {
    id: "jsonp",
    title: both("For comparison: JSONP", "对比：JSONP"),
    text: both(
      "The way before CORS: the page injects a classic script of the other origin, which calls a function with the data. Which origins a policy allows has no say in it, and that is its price. The other site's code runs with all the rights of the page. Everybody can read the data, with the visitor's cookies where browsers send them. It is GET only, without headers of its own, and an error has neither status nor text.",
      "CORS 出现之前的做法：页面注入另一个源的传统脚本，脚本用数据调用页面的函数。策略允许哪些源对它毫无作用，代价也正在于此：对方的代码以页面的全部权限运行；任何人都能读取数据，在浏览器发送 Cookie 的情况下还会带上访问者的身份；只能用 GET，不能设置标头；出错时既没有状态码，也没有内容。",
    ),
    says: {
      allowed: both("A shield that lets nobody in; a script tag does not ask.", "屏蔽策略，不允许任何源；但 script 标签根本不询问。"),
      refused: both("Everybody is allowed; the answer is an error, and cannot be read.", "允许所有源；响应是一个错误，且无法读取。"),
    },
    attempts: { allowed: jsonp({ item: "lamp" }), refused: jsonp({}) },
  },
];
