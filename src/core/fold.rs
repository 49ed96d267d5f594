//! Text as a search compares it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::core::text::shows_nothing;

/// Folds a text so that two which people take for the same are equal: compatibility forms (NFKC: `ﾉﾛﾌ` is `ノロフ`),
/// case as Unicode folds it (`İ` and `ı` are `i`, `ß` is `ss`), marks over and under a letter (`ü` is `u`), dashes and
/// apostrophes of all kinds. What shows nothing is dropped.
///
/// Signs of kana, of Thai and of Indian scripts stay: without them there are other words.
#[must_use]
pub fn folded(text: &str) -> String {
    let one_sign = text
        .chars()
        .filter(|&sign| !shows_nothing(sign))
        .map(|sign| match sign {
            '‐'..='―' | '−' | '﹘' | '﹣' | '－' => '-',
            '`' | '´' | 'ʹ'..='ʿ' | 'ˈ' | 'ˊ' | 'ˋ' | '‘' | '’' | '‛' | '′' | 'ꞌ' | '＇' | '｀' => {
                '\''
            }
            other => other,
        });
    let bare = one_sign
        .nfkd()
        .filter(|&sign| !is_mark(sign))
        .map(|sign| match sign {
            // Letters with a stroke, which Unicode does not take apart.
            'ø' | 'Ø' => 'o',
            'ł' | 'Ł' => 'l',
            'đ' | 'Đ' => 'd',
            'ħ' | 'Ħ' => 'h',
            other => other,
        });
    // Folded over the capital, `ı`, `ς` and `ß` come out as `i`, `σ` and `ss`; the dot of `İ` is dropped with the marks.
    let folded = bare
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    folded.filter(|&sign| !is_mark(sign)).nfc().collect()
}

/// Marks over, under and through a letter, points of Hebrew and signs for Arabic vowels, by Unicode's classes.
fn is_mark(sign: char) -> bool {
    matches!(canonical_combining_class(sign), 1 | 10..=36 | 200..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_the_same_is_the_same() {
        for (one, other) in [
            ("Türkiye", "turkiye"),
            ("TÜRKİYE", "Türkiye"),
            ("Tu\u{308}rkiye", "Türkiye"),
            ("ISPARTA", "ısparta"),
            ("İstanbul", "istanbul"),
            ("Oʻzbekiston", "O'zbekiston"),
            ("Oʻzbekiston", "O’ZBEKISTON"),
            ("ﾉﾛﾌ", "ノロフ"),
            ("ﾑﾌﾘｯﾃﾞｨﾝ", "ムフリッディン"),
            ("Japan–Kazakhstan", "japan-kazakhstan"),
            ("Japan—Kazakhstan", "japan‐kazakhstan"),
            ("Japan−Kazakhstan", "japan－kazakhstan"),
            ("Ελλάδα", "ΕΛΛΑΔΑ"),
            ("Νίκος", "νικοσ"),
            ("Straße", "STRASSE"),
            ("Việt Nam", "viet nam"),
            ("Raşit Öwezgeldiýewiç", "rasit owezgeldiyewic"),
            ("Ҷумҳурии", "ҷУМҲУРИИ"),
            ("Łódź, Malmø", "lodz, malmo"),
            ("外相\u{200B}会合", "外相会合"),
            ("葛\u{E0100}城市", "葛城市"),
            ("①㈱", "1(株)"),
            ("ＡＢＣ　１", "abc 1"),
            ("שָׁלוֹם", "שלום"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} and {other}");
        }
    }

    #[test]
    fn other_words_stay_other_words() {
        for (one, other) in [
            ("カキ", "ガキ"),
            ("はは", "ばば"),
            ("Japan", "Japon"),
            ("มา", "ม้า"),
            ("का", "कि"),
        ] {
            assert_ne!(folded(one), folded(other), "{one} and {other}");
        }
        assert_eq!(folded("\u{200B}"), "");
    }
}
