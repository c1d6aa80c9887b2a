/// Providers at which anybody gets a mailbox, so that no organisation can say of the domain that its people are its own.
///
/// From `20_freemail_domains.cf` of SpamAssassin 4.0.1 (Apache License 2.0), cut to those with many users, and the mailboxes
/// of large access providers beside it. It bounds a mistake, it is no defence: whoever verifies a domain has to write into
/// its DNS, which these providers let nobody do.
enum FreeMail {
    /// Whose name is all that counts, under every suffix: `yahoo.com`, `yahoo.co.jp`.
    private static let names: Set<Substring> = [
        "aol", "excite", "fastmail", "gmx", "hotmail", "live", "lycos", "outlook", "tiscali", "yahoo", "ymail",
        "yandex",
    ]

    private static let domains: Set<String> = [
        "10minutemail.com", "126.com", "139.com", "163.com", "189.cn", "abv.bg", "aim.com", "alice.it", "aliyun.com",
        "arcor.de", "atlas.cz", "att.net", "azet.sk", "bellsouth.net", "bigpond.com", "bk.ru", "blueyonder.co.uk",
        "bluewin.ch", "bol.com.br", "btinternet.com", "centrum.cz", "charter.net", "citromail.hu", "comcast.net",
        "cox.net",
        "daum.net", "earthlink.net", "email.com", "email.cz", "email.de", "email.it", "foxmail.com", "free.fr",
        "freemail.hu",
        "freenet.de", "gazeta.pl", "globo.com", "gmail.com", "googlemail.com", "guerrillamail.com", "hanmail.net",
        "hetnet.nl", "hispeed.ch", "hushmail.com", "i.ua", "icloud.com", "ig.com.br", "inbox.com", "inbox.ru",
        "indiatimes.com", "interia.pl", "internet.ru", "juno.com", "keemail.me", "kpnmail.nl", "laposte.net",
        "libero.it",
        "list.ru", "mac.com", "mail.bg", "mail.com", "mail.de", "mail.ru", "mailbox.org", "mailinator.com", "me.com",
        "meta.ua", "msn.com", "nate.com", "naver.com", "neuf.fr", "ntlworld.com", "o2.pl", "onet.pl", "online.de",
        "op.pl",
        "optusnet.com.au", "orange.fr", "passport.com", "planet.nl", "pm.me", "poczta.onet.pl", "post.com", "post.cz",
        "posteo.de", "posteo.net", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rambler.ru",
        "rediffmail.com",
        "rocketmail.com", "rogers.com", "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca", "sina.cn", "sina.com",
        "skynet.be",
        "sohu.com", "sunrise.ch", "sympatico.ca", "t-online.de", "talktalk.net", "telenet.be", "telus.net",
        "terra.com.br",
        "tin.it", "tlen.pl", "tom.com", "trashmail.com", "tuta.io", "tutamail.com", "tutanota.com", "tutanota.de",
        "ukr.net",
        "uol.com.br", "usa.com", "verizon.net", "virgilio.it", "virginmedia.com", "voila.fr", "walla.co.il",
        "walla.com",
        "wanadoo.fr", "web.de", "wp.pl", "xs4all.nl", "ya.ru", "yeah.net", "yopmail.com", "ziggo.nl", "zoho.com",
        "zohomail.com", "zoznam.sk",
    ]

    static func contains(_ domain: String) -> Bool {
        if domains.contains(domain) { return true }
        guard let dot = domain.firstIndex(of: "."), names.contains(domain[..<dot]) else { return false }
        return PublicSuffixes.contains(String(domain[domain.index(after: dot)...]))
    }
}
