// Rows: requests that a script makes, and when the browser asks first.

import { both } from "../texts.js";
import { allowed, blocked } from "../running.js";

const OWN = both("This page's origin is allowed.", "允许本页面的源。");
const OTHER = both("Only another origin is allowed.", "只允许另一个源。");

function fetching(options) {
  return async (run) => {
    try {
      const response = await fetch(run.url("echo"), options);
      const body = options.method === "HEAD" ? "" : await response.text();
      return allowed(`Status ${response.status} ${body}`, `状态码 ${response.status} ${body}`);
    } catch (error) {
      return blocked(error);
    }
  };
}

function xhr(run) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("GET", run.url("echo"));
    request.onload = () => done(allowed(`Status ${request.status} ${request.responseText}`, `状态码 ${request.status} ${request.responseText}`));
    request.onerror = () => done(blocked(`error, status ${request.status}`));
    request.send();
  });
}

/** A listener for the progress of an upload, which would tell the page whether the server takes it. */
function upload(run) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", run.url("echo"));
    request.setRequestHeader("Content-Type", "text/plain");
    request.upload.addEventListener("progress", () => {});
    request.onload = () => done(allowed(`Status ${request.status} ${request.responseText}`, `状态码 ${request.status} ${request.responseText}`));
    request.onerror = () => done(blocked(`error, status ${request.status}`));
    request.send("lamp");
  });
}

function form() {
  const data = new FormData();
  data.append("item", "lamp");
  return data;
}

function posted(id, type, name, body, headers, text, says) {
  const options = () => ({ method: "POST", body: body(), headers });
  return {
    id,
    title: both(`fetch(): POST, ${type}`, `fetch()：POST，${type}`),
    text,
    says: { allowed: both("POST is allowed.", "允许 POST。"), refused: says },
    attempt: (run) => fetching(options())(run),
  };
}

function preflighted(method, text) {
  return {
    id: `fetch-${method.toLowerCase()}`,
    title: both(`fetch(): ${method}`, `fetch()：${method}`),
    text,
    says: {
      allowed: both(`${method} is allowed.`, `允许 ${method}。`),
      refused: both(`GET and POST are allowed, ${method} is not.`, `允许 GET 和 POST，不允许 ${method}。`),
    },
    attempt: fetching({ method }),
  };
}

const NO_POST = both("GET is allowed, POST is not.", "允许 GET，不允许 POST。");

export const rows = [
  {
    id: "xhr",
    title: both("XMLHttpRequest: GET", "XMLHttpRequest：GET"),
    text: both(
      "The oldest way obeys the same rules as fetch(). When it is refused, the script gets an error event with status 0, and cannot tell a refusal from a lost connection.",
      "这种最早的请求方式与 fetch() 遵守同样的规则。被拒绝时，脚本只会收到状态码为 0 的 error 事件，无法分辨是被拒绝还是连接中断。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: xhr,
  },
  {
    id: "fetch-get",
    title: both("fetch(): GET", "fetch()：GET"),
    text: both(
      "A simple request: the browser sends it at once, with the page's Origin, and looks at the answer. Without an Access-Control-Allow-Origin that fits, the answer stays in the browser.",
      "简单请求：浏览器立即发出请求并附上页面的 Origin，然后检查响应。如果没有匹配的 Access-Control-Allow-Origin，响应就留在浏览器里，不会交给脚本。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: fetching({}),
  },
  {
    id: "fetch-head",
    title: both("fetch(): HEAD", "fetch()：HEAD"),
    text: both(
      "Simple as well. A policy that allows GET lets HEAD through too; the refused one here allows POST alone.",
      "同样是简单请求。允许 GET 的策略也会放行 HEAD；这里被拒绝的一项只允许 POST。",
    ),
    says: { allowed: OWN, refused: both("POST is allowed, HEAD is not.", "允许 POST，不允许 HEAD。") },
    attempt: fetching({ method: "HEAD" }),
  },
  posted("fetch-post-text", "text/plain", "text", () => "lamp", { "Content-Type": "text/plain" },
    both(
      "A POST with one of three content types is simple: it is sent without asking, since forms could always send it. So when it is refused, it has reached the server all the same, and only the answer is withheld.",
      "采用三种安全列表内容类型之一的 POST 是简单请求：表单历来就能发送这类请求，所以浏览器不经询问直接发出。因此即使被拒绝，请求也已经到达服务器，只是响应被浏览器扣下。",
    ), NO_POST),
  posted("fetch-post-form", "application/x-www-form-urlencoded", "form", () => new URLSearchParams({ item: "lamp" }), {},
    both("What an HTML form sends. No preflight.", "与 HTML 表单发送的内容相同，没有预检。"), OTHER),
  posted("fetch-post-multipart", "multipart/form-data", "multipart", form, {},
    both("What a form with files sends. No preflight.", "与带文件的表单发送的内容相同，没有预检。"), NO_POST),
  preflighted("PUT", both(
    "No form could ever send this, so the browser asks first: an OPTIONS request, the preflight. When it is refused, the PUT is never sent.",
    "表单从来无法发送 PUT，所以浏览器会先发出 OPTIONS 请求询问，这就是预检。如果预检被拒绝，PUT 根本不会发出。",
  )),
  preflighted("PATCH", both(
    "As PUT. Methods are compared with regard to case, and fetch() does not capitalise this one: write PATCH, never patch.",
    "与 PUT 相同。方法名区分大小写，而 fetch() 不会把它转换为大写：请写 PATCH，不要写 patch。",
  )),
  preflighted("DELETE", both("As PUT.", "与 PUT 相同。")),
  {
    id: "fetch-json",
    title: both("fetch(): POST, application/json", "fetch()：POST，application/json"),
    text: both(
      "POST is simple, this content type is not: the preflight asks for the header name content-type, and the policy must allow it.",
      "POST 本身是简单方法，但这种内容类型不在安全列表中：预检会询问标头名 content-type，策略必须允许它。",
    ),
    says: {
      allowed: both("The request header content-type is allowed.", "允许请求标头 content-type。"),
      refused: both("No request header is allowed.", "不允许任何请求标头。"),
    },
    attempt: fetching({ method: "POST", headers: { "Content-Type": "application/json" }, body: '{"item": "lamp"}' }),
  },
  {
    id: "fetch-header",
    title: both("fetch(): GET with a header of its own", "fetch()：带自定义标头的 GET"),
    text: both(
      "A header that the script adds makes the simplest request one that is asked for first, by the header's name.",
      "脚本添加的自定义标头会让最简单的请求也需要预检，预检中会列出该标头的名称。",
    ),
    says: {
      allowed: both("The request header x-lab-token is allowed.", "允许请求标头 x-lab-token。"),
      refused: both("content-type is allowed, x-lab-token is not.", "允许 content-type，不允许 x-lab-token。"),
    },
    attempt: fetching({ headers: { "X-Lab-Token": "abc" } }),
  },
  {
    id: "xhr-upload",
    title: both("XMLHttpRequest: POST with an upload listener", "XMLHttpRequest：带上传监听器的 POST"),
    text: both(
      "The same POST of text/plain as above, but the script listens to the progress of the upload. Forms never could, so the browser asks first, though method and headers are safelisted.",
      "与前面相同的 text/plain POST，但脚本监听了上传进度。表单从来做不到这一点，所以尽管方法和标头都在安全列表中，浏览器仍会先发出预检。",
    ),
    says: { allowed: both("POST is allowed.", "允许 POST。"), refused: NO_POST },
    attempt: upload,
  },
];
