// Rows: fonts, textures, pictures, films and shapes.
//
// Before you edit: nothing is concluded from a header. Each row does what a page would do with the resource, and
// measures: the width of a text, the edge of a line, a pixel.

import { both } from "../texts.js";
import { allowed, onStage, refused, settled, until } from "../running.js";

const OWN = both("This page's origin is allowed.", "允许本页面的源。");
const OTHER = both("Only another origin is allowed.", "只允许另一个源。");
const SIDE = 64;
const TURNS = 6;

async function font(run) {
  const family = `lab-${run.id}`;
  const sheet = document.styleSheets[0];
  sheet.insertRule(`@font-face { font-family: "${family}"; src: url("${run.url("wide.ttf")}") format("truetype"); }`, sheet.cssRules.length);
  await document.fonts.load(`20px "${family}"`, "abc").catch(() => []);
  const text = document.createElement("span");
  text.textContent = "abc";
  text.style.font = "20px monospace";
  return onStage(text, () => {
    const plain = text.getBoundingClientRect().width;
    text.style.fontFamily = `"${family}", monospace`;
    const width = text.getBoundingClientRect().width;
    const [en, zh] = [`“abc” is ${Math.round(plain)} px wide in the fallback, ${Math.round(width)} px with the font asked for.`, `“abc”用后备字体宽 ${Math.round(plain)} 像素，指定该字体后宽 ${Math.round(width)} 像素。`];
    return width > 2 * plain ? allowed(en, zh) : refused(en, zh);
  });
}

/** The element with its resource: as CORS has it, or, where that is refused, as pages may always show it. */
async function borrow(run, tag, resource, good) {
  for (const isChecked of [true, false]) {
    const element = document.createElement(tag);
    const happens = settled(element, good, "error");
    if (isChecked) {
      element.crossOrigin = "anonymous";
    }
    Object.assign(element, { muted: true, preload: "auto", playsInline: true });
    element.src = run.url(resource, isChecked ? {} : { without: "crossorigin" });
    if (await happens) {
      return { element, isChecked };
    }
  }
  throw new Error(`${resource} cannot be shown here.`);
}

/** Whether the page gets at the pixels: `read` answers with what it read, or throws a SecurityError. */
async function using(run, tag, resource, good, read) {
  const { element, isChecked } = await borrow(run, tag, resource, good);
  let error;
  try {
    const seen = read(element);
    return isChecked
      ? allowed(`Loaded with crossorigin. ${seen}`, `以 crossorigin 加载成功。${seen}`)
      : allowed(`Loaded without crossorigin, and read all the same. ${seen}`, `未用 crossorigin 加载，却仍能读取。${seen}`);
  } catch (caught) {
    error = caught;
  }
  if (error.name !== "SecurityError") {
    throw error;
  }
  return refused(
    `With crossorigin it does not load. Without, it is shown, and reading it throws a SecurityError.`,
    `使用 crossorigin 时无法加载；不使用时可以显示，但读取像素会抛出 SecurityError。`,
  );
}

function pixel(element) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SIDE, SIDE];
  const context = canvas.getContext("2d");
  context.drawImage(element, 0, 0);
  return `rgba(${[...context.getImageData(8, 8, 1, 1).data].join(", ")})`;
}

function texture(element) {
  const gl = document.createElement("canvas").getContext("webgl");
  if (!gl) {
    throw new Error("This browser has no WebGL here.");
  }
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, element);
  const error = gl.getError();
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  if (error) {
    throw new Error(`WebGL says ${error}.`);
  }
  return "texImage2D(): ✓";
}

/** A line of text beside a float, and where it starts. */
function floated() {
  const box = document.createElement("div");
  const float = document.createElement("div");
  const text = document.createElement("span");
  Object.assign(box.style, { display: "flow-root", width: "300px", direction: "ltr" });
  Object.assign(float.style, { float: "left", width: `${SIDE}px`, height: `${SIDE}px` });
  text.textContent = "text";
  box.append(float, text);
  return {
    box,
    follow: (address) => (float.style.shapeOutside = `url("${address}")`),
    edge: () => Math.round(text.getBoundingClientRect().left - box.getBoundingClientRect().left),
  };
}

// No event says that a shape is refused. So when the answer is sent, shapes of this page's own origin are asked
// for, one after another: once the text follows the last of them, it would long have followed the other. One is
// not enough: engines decode side by side, and the first may be overtaken.
async function shape(run) {
  const foreign = floated();
  return onStage(foreign.box, async () => {
    foreign.follow(run.url("picture.png"));
    foreign.edge();
    await until(async () => (await run.requests()).length);
    for (let turn = 0; turn < TURNS && foreign.edge() === SIDE; turn += 1) {
      const own = floated();
      await onStage(own.box, () => {
        own.follow(`picture.png?run=${run.id}&turn=${turn}`);
        return until(() => own.edge() < SIDE || foreign.edge() < SIDE);
      });
    }
    const edge = foreign.edge();
    const [en, zh] = [`The float is ${SIDE} px wide, and the text beside it starts at ${edge} px.`, `浮动元素宽 ${SIDE} 像素，旁边的文字从 ${edge} 像素处开始。`];
    return edge < SIDE ? allowed(en, zh) : refused(en, zh);
  });
}

async function embedded(run) {
  const image = new Image();
  const happens = settled(image, "load", "error");
  image.src = run.url("picture.png");
  return (await happens)
    ? allowed(`The image is shown, ${image.naturalWidth} px wide.`, `图像已显示，宽 ${image.naturalWidth} 像素。`)
    : refused("An error event: the image arrived, and is not shown.", "error 事件：图像已到达，但不会显示。");
}

export const media = [
  {
    id: "font",
    title: both("A web font by @font-face", "通过 @font-face 使用的网络字体"),
    text: both(
      "Fonts are always asked for with CORS. A refused font is not used, and the text stays in the fallback. Measured by the width of a text: the letters of this font are five ems wide.",
      "字体一律以 CORS 方式请求。字体被拒绝时不会被使用，文字继续以后备字体显示。以文字宽度测量：该字体的每个字母宽 5 em。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: font,
  },
  {
    id: "webgl",
    title: both("A WebGL texture", "WebGL 纹理"),
    text: both(
      "A shader could give away the pixels of a texture by how long it runs. So texImage2D() takes no image of another origin that was loaded without CORS.",
      "着色器可以借助运行时间推断纹理的像素。因此 texImage2D() 不接受未经 CORS 加载的跨源图像。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: (run) => using(run, "img", "picture.png", "load", texture),
  },
  {
    id: "canvas-image",
    title: both("An image drawn to a canvas", "绘制到画布上的图像"),
    text: both(
      "Every page may show every image. Drawn to a canvas without CORS, it taints the canvas: drawImage() works, and getImageData() throws a SecurityError.",
      "任何页面都可以显示任何图像。但未经 CORS 加载的图像绘制到画布后会污染画布：drawImage() 能执行，getImageData() 则抛出 SecurityError。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: (run) => using(run, "img", "picture.png", "load", pixel),
  },
  {
    id: "canvas-video",
    title: both("A video frame drawn to a canvas", "绘制到画布上的视频帧"),
    text: both(
      "As with images: the film plays without CORS, but its frames taint the canvas.",
      "与图像相同：视频无需 CORS 即可播放，但它的帧会污染画布。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: (run) => using(run, "video", "clip.webm", "loadeddata", pixel),
  },
  {
    id: "shape",
    title: both("A CSS shape from an image", "由图像生成的 CSS 形状"),
    text: both(
      "shape-outside lets text follow the opaque part of an image, which would give away its pixels; so it is asked for with CORS. Half of this image is transparent: where the text starts shows whether it was used.",
      "shape-outside 让文字沿图像的不透明部分环绕，这会泄露像素信息，因此图像以 CORS 方式请求。这幅图像有一半是透明的，从文字的起始位置就能看出它是否被采用。",
    ),
    says: { allowed: OWN, refused: OTHER },
    attempt: shape,
  },
  {
    id: "resource-policy",
    title: both("An image that says who may embed it", "声明谁可以嵌入自己的图像"),
    text: both(
      "Without CORS no Origin is sent, and who is allowed does not matter: pages may embed what they like. Cross-Origin-Resource-Policy (in the policy: Resource policy) lets the site have a say: same-origin keeps the image to pages of its own origin. The other way round, a page under Cross-Origin-Embedder-Policy: require-corp shows only images that say cross-origin, or are loaded with CORS.",
      "不使用 CORS 时浏览器不发送 Origin，策略允许哪些源并不起作用，页面可以随意嵌入资源。Cross-Origin-Resource-Policy（策略中的“资源策略”）让站点也能作主：same-origin 表示只有同源页面才能嵌入该图像。反过来，设置了 Cross-Origin-Embedder-Policy: require-corp 的页面只显示声明了 cross-origin 或以 CORS 方式加载的图像。",
    ),
    says: {
      allowed: both("Resource policy: cross-origin.", "资源策略为 cross-origin。"),
      refused: both("Resource policy: same-origin.", "资源策略为 same-origin。"),
    },
    attempt: embedded,
  },
];
