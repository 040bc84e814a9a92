// Rows: credentials, and what a page may see of an answer.

import { both } from "../texts.js";
import { allowed, blocked, refused, until } from "../running.js";

const OWN = both("This page's origin is allowed.", "允许本页面的源。");
const OTHER = both("Only another origin is allowed.", "只允许另一个源。");
const SAFELISTED = ["Cache-Control", "Content-Language", "Content-Length", "Content-Type", "Expires", "Last-Modified", "Pragma"];

async function cookies(run) {
  try {
    await (await fetch(run.url("cookie"), { credentials: "include" })).json();
  } catch {
    // The cookie of an answer that is withheld is stored all the same: the next request shows it.
  }
  try {
    const found = await (await fetch(run.url("cookie"), { credentials: "include" })).json();
    return found.cookie_arrived
      ? allowed("The cookie was sent, and the answer is readable.", "Cookie 已发送，响应可以读取。")
      : refused("The answer is readable, but no cookie was sent.", "响应可以读取，但没有发送 Cookie。");
  } catch (error) {
    const sent = (await run.requests()).some((request) => request.headers.some(([name]) => name === "Cookie"));
    return sent
      ? refused(`The server got the cookie and answered 200, and the browser withholds it: “${error}”.`, `服务器收到了 Cookie 并返回 200，但浏览器扣下了响应：“${error}”。`)
      : blocked(error);
  }
}

function anyOrigin(credentials) {
  return async (run) => {
    try {
      const response = await fetch(run.url("echo"), { credentials });
      return allowed(`Status ${response.status}, with credentials: “${credentials}”.`, `状态码 ${response.status}，credentials 为“${credentials}”。`);
    } catch (error) {
      const isForAll = (await run.requests()).some((request) => request.answer.some((line) => line.join() === "Access-Control-Allow-Origin,*"));
      return isForAll
        ? refused(`The server allowed everybody, and the browser refuses that with credentials: “${error}”.`, `服务器允许所有源，但请求携带了凭据，浏览器因此拒绝：“${error}”。`)
        : blocked(error);
    }
  };
}

/** Reads headers of an answer; what is not exposed reads as if it were not there. */
function reading(names) {
  return async (run) => {
    const response = await fetch(run.url("echo"));
    const found = names.map((name) => [name, response.headers.get(name)]);
    const shown = found.map(([name, value]) => `${name}: ${value}`).join("; ");
    return found.every(([, value]) => value !== null) ? allowed(shown, shown) : refused(shown, shown);
  };
}

async function preflightCache(run) {
  for (const item of [1, 2]) {
    await fetch(run.url("echo"), { method: "PUT", body: `lamp ${item}` });
  }
  const requests = await run.requests();
  const asked = requests.filter((request) => request.kind === "preflight").length;
  const sent = requests.length - asked;
  const [en, zh] = [`The server counts ${asked} preflight(s) for ${sent} PUT requests.`, `服务器共收到 ${asked} 次预检、${sent} 次 PUT 请求。`];
  return asked < sent ? allowed(en, zh) : refused(en, zh);
}

/** How much the page is told of the time that loading took: without a permission, zeros. */
async function timing(run) {
  const address = run.url("echo");
  performance.clearResourceTimings();
  try {
    await (await fetch(address)).text();
  } catch (error) {
    return blocked(error);
  }
  const { requestStart, transferSize } = await until(() => performance.getEntriesByName(address)[0]);
  const shown = `requestStart: ${Math.round(requestStart)} ms, transferSize: ${transferSize}`;
  return requestStart > 0 ? allowed(shown, shown) : refused(shown, shown);
}

function following(query) {
  return async (run) => {
    try {
      const response = await fetch(run.url("redirect", query));
      return allowed(`Status ${response.status}, of ${new URL(response.url).origin}.`, `状态码 ${response.status}，来自 ${new URL(response.url).origin}。`);
    } catch (error) {
      return blocked(error);
    }
  };
}

async function errors(run) {
  const seen = [];
  for (const code of [404, 500]) {
    try {
      const response = await fetch(run.url(`status/${code}`));
      seen.push([true, `${response.status} ${(await response.json()).error}`]);
    } catch (error) {
      seen.push([false, String(error)]);
    }
  }
  const shown = seen.map(([, what]) => `“${what}”`).join(" · ");
  return seen.every(([isRead]) => isRead) ? allowed(shown, shown) : refused(shown, shown);
}

export const credentials = [
  {
    id: "cookies",
    sameSite: true,
    title: both("A cookie, sent and answered", "携带 Cookie 的请求"),
    text: both(
      "With credentials, the answer must say Access-Control-Allow-Credentials: true. Where that is missing, the request is sent, cookie and all, the server answers, and the browser withholds the answer. This row uses the name localhost for the API site: another port is another origin, but the same site, so that the cookie needs no SameSite=None.",
      "携带凭据时，响应必须包含 Access-Control-Allow-Credentials: true。如果缺少它，请求连同 Cookie 仍会发出，服务器也会响应，但浏览器会扣下响应。本行以 localhost 这个主机名访问 API 站点：端口不同即为不同的源，但仍属同一站点，所以 Cookie 不需要 SameSite=None。",
    ),
    says: {
      allowed: both("This page's origin is allowed, with credentials.", "允许本页面的源，并允许凭据。"),
      refused: both("This page's origin is allowed, credentials are not.", "允许本页面的源，但不允许凭据。"),
    },
    attempt: cookies,
  },
  {
    id: "any-origin",
    sameSite: true,
    title: both("Everybody (*), with and without credentials", "允许所有源（*）：是否携带凭据"),
    text: both(
      "To a request with credentials, Access-Control-Allow-Origin: * counts as no permission. The browser refuses what the server meant for everybody.",
      "对携带凭据的请求，Access-Control-Allow-Origin: * 不算许可。服务器本想对所有人开放，浏览器仍会拒绝。",
    ),
    says: {
      allowed: both("Everybody is allowed; the script asks without credentials.", "允许所有源；脚本不携带凭据。"),
      refused: both("Everybody is allowed; the script asks with credentials.", "允许所有源；脚本携带凭据。"),
    },
    attempts: { allowed: anyOrigin("omit"), refused: anyOrigin("include") },
  },
];

export const answers = [
  {
    id: "exposed-headers",
    title: both("A response header that is exposed", "公开的响应标头"),
    text: both(
      "A script that may read an answer does not thereby see its headers: X-Lab-Total is there both times, and null to the script unless the policy exposes it.",
      "脚本能读取响应，并不代表能看到其中的标头：两次响应都带有 X-Lab-Total，但除非策略公开了它，脚本读到的只是 null。",
    ),
    says: {
      allowed: both("x-lab-total is exposed.", "公开 x-lab-total。"),
      refused: both("No header is exposed.", "不公开任何标头。"),
    },
    attempt: reading(["X-Lab-Total"]),
  },
  {
    id: "safelisted-headers",
    title: both("Response headers that need no exposing", "无需公开即可读取的响应标头"),
    text: both(
      "Seven response headers are safelisted and readable with every answer that is. ETag is none of them.",
      "有七个响应标头在安全列表中，只要响应可读，它们就可读。ETag 不在其中。",
    ),
    says: {
      allowed: both("No header is exposed; the script reads the seven.", "不公开任何标头；脚本读取这七个标头。"),
      refused: both("No header is exposed; the script reads ETag.", "不公开任何标头；脚本读取 ETag。"),
    },
    attempts: { allowed: reading(SAFELISTED), refused: reading(["ETag"]) },
  },
  {
    id: "preflight-cache",
    title: both("A preflight's answer, remembered", "预检结果的缓存"),
    text: both(
      "Two PUT requests to one address. With a max-age the browser remembers the first preflight's answer and asks once; with 0 it asks each time. Counted at the server; “refused” means that nothing may be remembered.",
      "向同一地址发送两次 PUT。有 max-age 时，浏览器会记住第一次预检的结果，只询问一次；max-age 为 0 时每次都要询问。次数由服务器统计；此处“拒绝”是指不允许缓存预检结果。",
    ),
    says: {
      allowed: both("PUT is allowed, max-age 600.", "允许 PUT，max-age 为 600。"),
      refused: both("PUT is allowed, max-age 0.", "允许 PUT，max-age 为 0。"),
    },
    attempt: preflightCache,
  },
  {
    id: "redirect",
    title: both("A redirect: each answer on the way must allow", "重定向：途中每个响应都必须许可"),
    text: both(
      "Both variants lead to the same address, which this page may read. The refused one starts at a redirect that this page may not read, and the browser does not follow it.",
      "两项最终都指向同一个可读地址。被拒绝的一项从本页面无权读取的重定向出发，浏览器因此不会跟随它。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: following({ to: "allowed" }),
  },
  {
    id: "redirect-null",
    title: both("A redirect to a third origin", "重定向到第三个源"),
    text: both(
      "A redirect from one foreign origin to another: the browser no longer vouches for the page and sends Origin: null. A policy that names the page's origin does not match it.",
      "从一个外部源重定向到另一个外部源时，浏览器不再为页面的身份作保，而是发送 Origin: null。写明页面源的策略与它不匹配。",
    ),
    says: {
      allowed: both("This page's origin and the opaque origin, null, are allowed.", "允许本页面的源，也允许不透明源 null。"),
      refused: both("This page's origin is allowed, null is not.", "允许本页面的源，不允许 null。"),
    },
    attempts: {
      allowed: following({ to: "allowed", host: "other" }),
      refused: following({ to: "refused", host: "other" }),
    },
  },
  {
    id: "errors",
    title: both("Errors that can be read", "可读取的错误响应"),
    text: both(
      "The headers of the policy are on a 404 and a 500 as well, so the page can say what went wrong. Without them, both look like a lost connection.",
      "404 和 500 响应同样带有策略的标头，页面因此能说明哪里出了错。没有这些标头，两者看起来都只是连接中断。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: errors,
  },
  {
    id: "timing",
    title: both("How long loading took", "加载用时"),
    text: both(
      "PerformanceResourceTiming tells of every resource when its loading began and ended. The steps between and the size are 0, even for an answer that the page may read, unless Timing-Allow-Origin names the page's origin: in the policy, Show timing.",
      "PerformanceResourceTiming 会告诉页面每个资源何时开始加载、何时结束。至于中间各步骤的时间和大小，即使页面可以读取响应，也都是 0，除非 Timing-Allow-Origin 列出了页面的源：在策略中勾选“公开计时”。",
    ),
    says: {
      allowed: both("This page's origin is allowed, and timing is shown.", "允许本页面的源，并公开计时。"),
      refused: both("This page's origin is allowed, timing is not shown.", "允许本页面的源，但不公开计时。"),
    },
    attempt: timing,
  },
];
