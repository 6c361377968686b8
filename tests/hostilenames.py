"""Names that a page must show and not do, each with how it looks there: text, with what can't be seen spelled out."""

EVIL_NAMES = {
    name: shown or name
    for name, shown in {
        "<script>alert(1)</script>": "",
        "</script><script>alert(2)</script>": "",
        "</SCRIPT ><ScRiPt>alert(3)</sCrIpT>": "",
        "<!--<script>alert(4)": "",
        "]]><script>alert(5)</script>": "",
        "</title></style><script>alert(6)</script>": "",
        "<img src=x onerror=alert(7)>": "",
        "<svg/onload=alert(8)>": "",
        "</td></tr></table><svg onload=alert(9)>": "",
        '" onmouseover="alert(10)" autofocus onfocus="alert(11)': "",
        "' onclick='alert(12)": "",
        "`onload=alert(13)": "",
        "javascript:alert(14)": "",
        " java\tscript:alert(15)": " java\\u0009script:alert(15)",
        "data:text/html,<script>alert(16)</script>": "",
        "<a href=javascript:alert(17)>yoga</a>": "",
        "<iframe srcdoc='<script>alert(18)</script>'></iframe>": "",
        "<base href=https://example.invalid/>": "",
        "<meta http-equiv=refresh content='0;url=https://example.invalid/'>": "",
        "<link rel=stylesheet href=https://example.invalid/x.css>": "",
        "<style>@import 'https://example.invalid/x.css'</style>": "",
        "<form action=https://example.invalid/><button autofocus>": "",
        "&lt;script&gt;alert(19)&lt;/script&gt;": "",
        "&#60;script&#62;alert(20)": "",
        "\\u003cscript\\u003ealert(21)\\u003c/script\\u003e": "",
        "${alert(22)}{{alert(23)}}<%= alert(24) %>": "",
        "\u202egnp.exe": "\\u202egnp.exe",
        "\u2066a\u2069b\u200fc": "\\u2066a\\u2069b\\u200fc",
        "bell \x07 and \x1b[31mred\x9b2J": "bell \\u0007 and \\u001b[31mred\\u009b2J",
        "one\u2028two\u2029three\nfour": "one\\u2028two\\u2029three\\u000afour",
        "no\u200bwidth\ufeff": "no\\u200bwidth\\ufeff",
    }.items()
}
