// Which rows are there, in which order?

import { both } from "../texts.js";
import { answers, credentials } from "./answers.js";
import { media } from "./media.js";
import { rows as requests } from "./requests.js";
import { scripts } from "./scripts.js";

export const GROUPS = [
  { id: "requests", title: both("Requests of a script", "脚本发出的请求"), rows: requests },
  { id: "credentials", title: both("Credentials", "凭据"), rows: credentials },
  { id: "answers", title: both("Preflights and answers", "预检与响应"), rows: answers },
  { id: "media", title: both("Fonts, images, films and shapes", "字体、图像、视频与形状"), rows: media },
  { id: "scripts", title: both("Modules, streams and JSONP", "模块、数据流与 JSONP"), rows: scripts },
];
