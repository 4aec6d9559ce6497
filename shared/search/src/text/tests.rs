//! Tests of the tokens.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// The query's tokens that a memory of this text does not have.
pub(super) fn missing(query: &str, memory: &str) -> Vec<String> {
    let language = language_of(memory);
    let tokens = tokens(memory, language);
    let terms: HashSet<&str> =
        tokens.iter().filter(|token| token.stop.is_none()).map(|token| token.term.as_str()).collect();
    let stops: HashSet<u8> = tokens.iter().filter_map(|token| token.stop).collect();
    let has = |token: &QueryToken| {
        token.stop.is_some_and(|stop| stops.contains(&stop))
            || token.stems.iter().any(|(of, stem)| *of == language && terms.contains(&**stem))
    };
    query_tokens(query).into_iter().filter(|token| !has(token)).map(|token| token.text).collect()
}

/// Whether a memory has every token of the query.
fn finds(query: &str, memory: &str) -> bool {
    !query_tokens(query).is_empty() && missing(query, memory).is_empty()
}

#[test]
fn words_are_found_in_every_script_and_spelling() {
    for (query, memory) in [
        ("猫", "我家有一只猫"),
        ("서울", "동생은 서울에서 일해요"),
        ("부산", "부산으로 이사를 갔습니다"),
        ("野", "野草莓"),
        ("احمد", "قابلت أحمد أمس"),
        ("שלום", "היא אמרה שָׁלוֹם ונכנסה"),
        ("машина", "он купил машину"),
        ("lodz", "Moja ciocia mieszka w Łódź"),
        ("hauptstrasse", "Das Büro in der Hauptstraße ist neu"),
        ("école", "L'école est fermée"),
        ("airain", "une porte d’airain"),
        ("Gesamtkonzept", "Das Ge\u{ad}samt\u{ad}kon\u{ad}zept ist fertig"),
        ("Hawaii", "two weeks on Hawaiʻi"),
        ("Wohnung", "Wohnungen in Berlin sind teuer"),
        ("Wohnungen", "die Wohnung ist teuer"),
        ("munchen", "Wir wohnen in München"),
        ("muenchen", "Wir wohnen in München"),
        ("München", "Muenchen ist teuer"),
        ("e-mail", "write an email"),
        ("email", "write an e-mail"),
        ("get user name", "rename getUserName"),
        ("getUserName", "rename get_user_name"),
        ("http server", "the HTTPServer leaks"),
        ("ｆｕｌｌ", "full width"),
        ("x2", "the slope of x²"),
        ("३", "room 3"),
        ("$1,200", "it cost 1200 dollars"),
        ("15/03/2024", "on 2024-03-15"),
        ("March 15", "on 2024-03-15"),
        ("2:30 pm", "at 14:30"),
        ("+1 (555) 123-4567", "call +15551234567"),
        ("example.com", "see https://www.example.com/path"),
        ("🇧🇪", "to 🇧🇪!"),
        ("👩‍💻", "status 👩🏽‍💻"),
        ("C++", "written in C++."),
        ("The Who", "we saw The Who"),
        ("Will", "and Will came"),
        ("who am I?", "Who am I?"),
        ("don’t", "I don't"),
    ] {
        assert!(
            finds(query, memory),
            "{query} in {memory}: {:?} of {:?}",
            missing(query, memory),
            tokens(memory, language_of(memory))
        );
    }
}

#[test]
fn other_words_are_not_found() {
    for (query, memory) in [
        ("C", "written in C++"),
        ("C++", "vitamin C"),
        ("C#", "written in C"),
        ("1.2.3", "version 1.3.2"),
        ("1200", "it cost 1,300"),
        ("2024-03-15", "on 2024-03-16"),
        ("lou@example.org", "max@example.org"),
        ("🇧🇪", "to 🇧🇷"),
        ("The Who", "the man who came"),
        ("Java", "written in JavaScript"),
        ("東京", "京都へ"),
        ("университет", "университеты и вселенная".split(' ').next_back().unwrap_or_default()),
    ] {
        assert!(!finds(query, memory), "{query} in {memory}");
    }
}

#[test]
fn the_language_of_a_text_is_told_by_its_words() {
    use Language::*;
    for (text, language) in [
        ("I went to the market with my sister.", English),
        ("Take care!", English),
        ("We met at the Café Müller in São Paulo.", English),
        ("Jeg har købt en ny cykel af min bror, hvad koster den?", Danish),
        ("Ik heb een nieuwe fiets gekocht voor mijn zoon.", Dutch),
        ("Ostin uuden pyörän, mutta se on rikki.", Finnish),
        ("J'ai acheté un vélo pour mon fils.", French),
        ("Ich habe ein neues Fahrrad für meinen Sohn gekauft.", German),
        ("Vettem egy új biciklit, és nagyon szeretem.", Hungarian),
        ("Ho comprato una bicicletta per mio figlio.", Italian),
        ("Jeg har kjøpt en ny sykkel, men hva er den verdt? Jeg vet ikke noe.", Norwegian),
        ("Comprei uma bicicleta para o meu filho.", Portuguese),
        ("Am cumpărat o bicicletă nouă pentru fiul meu.", Romanian),
        ("Compré una bicicleta nueva para mi hijo.", Spanish),
        ("Jag har köpt en ny cykel till min son.", Swedish),
        ("Oğlum için yeni bir bisiklet aldım.", Turkish),
        ("Kupiłem nowy rower, ale jest za mały.", Other),
        ("", English),
        ("東京へ行きました", English),
        ("Zahnarzt", German),
        ("Äpplen", Any),
        ("ok meetings at 6", English),
    ] {
        assert_eq!(language_of(text), language, "{text}");
    }
    for language in Language::ALL {
        assert_eq!(Language::from_code(language.code()), language);
    }
    assert_eq!(
        (English.code(), Turkish.code(), Any.code(), Language::from_code(200)),
        (1, 14, 15, Other),
        "codes are stored"
    );
}

#[test]
fn english_stop_words_are_codes_and_names_are_words() {
    let tokens = |text: &str| tokens(text, Language::English);
    let terms = |text: &str| terms(text);
    assert_eq!(
        terms("The man who will be there. Will saw The Who, I'm sure, and it IS fun"),
        ["man", "saw", "who", "sure", "fun"].map(str::to_owned)
    );
    assert_eq!(terms("We met Will"), ["met", "will"].map(str::to_owned));
    assert_eq!(terms("don't can't ain't"), Vec::<String>::new());
    assert!(tokens("it is").iter().all(|token| token.stop.is_some_and(|stop| stop < 128)));
    assert_eq!(tokens("it is").len(), 2);
    let other = super::tokens("by i Danmark", Language::Danish);
    assert_eq!(other.iter().filter(|token| token.stop.is_some()).count(), 0, "by is a town");
}

#[test]
fn a_query_has_the_stem_of_every_language_and_few_spellings() {
    let tokens = query_tokens("Which Wohnungen?");
    assert_eq!((tokens[0].stop.is_some(), tokens[0].start, tokens[1].start), (true, 0, 6));
    assert_eq!(tokens[1].text, "wohnungen");
    assert!(tokens[1].stems.contains(&(Language::German, "wohnung".into())), "{:?}", tokens[1]);
    assert!(!tokens[1].stems.contains(&(Language::English, "wohnung".into())), "{:?}", tokens[1]);
    assert!(query_tokens("restaurant")[0].spellings.is_empty(), "a known word");
    let typo = &query_tokens("resturant")[0].spellings;
    assert!(typo.contains(&"restaur".to_owned()) && typo.len() <= 24, "{typo:?}");
    assert!(query_tokens("teh")[0].spellings.is_empty(), "too short");
    let pasted = "the log of resturant number x ".repeat(10);
    assert!(query_tokens(&pasted).iter().all(|token| token.spellings.is_empty()), "a long text");
    assert!(query_tokens("recieve")[0].spellings.contains(&"receiv".to_owned()));
}

#[test]
fn nothing_is_dropped_for_its_length() {
    let long = "x".repeat(10_000);
    assert!(finds(&long, &format!("a {long} b")));
    assert!(!finds(&long, &format!("a {long}y b")));
    let chinese: String = (0..10_000_u32).filter_map(|index| char::from_u32(0x4E00 + index)).collect();
    assert!(finds(&chinese[29_990 - 20..29_990 - 14], &chinese), "at its end");
    let words: Vec<String> = (0..5_000).map(|number| format!("w{number}")).collect();
    assert!(finds("w4999", &words.join(" ")));
    for text in [
        long,
        chinese,
        "a.".repeat(5_000),
        "aB".repeat(5_000),
        "1-".repeat(5_000),
        "a\u{301}".repeat(5_000),
        "1 2".repeat(3_000),
    ] {
        let bytes: usize = tokens(&text, Language::English).iter().map(|token| token.term.len()).sum();
        assert!(bytes <= 12 * text.len(), "{bytes} bytes of tokens for {}", text.len());
    }
}

/// Characters of many scripts, and what may stand between them.
fn characters() -> impl Strategy<Value = String> {
    let special: Vec<char> =
        "aZzé'’.-_,:/@&+#$ 019٤३\u{200b}\u{200d}\u{ad}\u{301}東京かなカナー서울แมวقهوةשלוםмашинаकिताब👩💻🏽🇧🇪ßİıłøﬁ²".chars().collect();
    let one = prop_oneof![3 => prop::sample::select(special), 1 => any::<char>()];
    prop::collection::vec(one, 0..60).prop_map(|chars| chars.into_iter().collect())
}

/// Whatever a query repeats, its tokens take memory in proportion to its length.
#[test]
fn a_query_takes_no_more_memory_than_so_many_times_its_length() {
    let patterns = [
        "1,",
        "1-",
        "12-",
        "1/",
        "1_",
        "1.",
        "1:",
        "a-",
        "a_",
        "aB",
        "2024-01-",
        "1+",
        "a'",
        "a.b@",
        "https://a/",
        "１，",
        "é-",
        "猫",
        "가",
        "#a",
        "C++",
        "1 ",
        "½",
        "a&",
        ".a",
    ];
    for pattern in patterns {
        let query: String = pattern.repeat(10_000).chars().take(10_000).collect();
        let bytes: usize = query_tokens(&query)
            .iter()
            .map(|token| {
                let stems = token.stems.iter().map(|(_, stem)| stem.len());
                let others = token.spellings.iter().chain([&token.text]).map(String::len);
                stems.chain(others).sum::<usize>()
            })
            .sum();
        assert!(bytes < 400 * query.len(), "{pattern:?}: {bytes} bytes");
    }
}

/// Parts of dates, identifiers, numbers and addresses in any order.
fn exact_parts() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "3",
        "03",
        "2027",
        "March",
        "mars",
        "may",
        "de",
        "14",
        "30",
        "pm",
        "Uhr",
        "T",
        "Z",
        "INV",
        "iPhone",
        "a1f",
        "00318",
        "deadbeef0",
        "DE89",
        "3704",
        "B",
        "mg",
        "$",
        "€",
        "EUR",
        "+1",
        "(415)",
        "555",
        "0123",
        "https://",
        "www.",
        "example.com",
        "docs",
        "AB12",
        "v1",
        "年",
        "月",
        "日",
        "the",
        "Don't",
        "№",
        "٣",
        "１",
    ]);
    let between = prop::sample::select(vec![
        "", "", " ", " ", "-", ".", "/", ":", ",", "_", "@", "'", ". ", ", ", "::", "?", "#",
    ]);
    let parts = prop::collection::vec((part, between), 1..9);
    parts.prop_map(|parts| parts.into_iter().map(|(part, between)| format!("{part}{between}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_has_tokens_of_bounded_size_and_positions_in_the_query(text in prop_oneof![characters(), exact_parts()]) {
        let language = language_of(&text);
        let own = tokens(&text, language);
        prop_assert_eq!(&own, &tokens(&text, language));
        let bytes: usize = own.iter().map(|token| token.term.len()).sum();
        prop_assert!(bytes <= 40 * text.len() + 40, "{} of {}", bytes, text.len());
        prop_assert!(own.iter().all(|token| !token.term.is_empty()), "{:?}", own);
        for token in query_tokens(&text) {
            prop_assert!(text.is_char_boundary(token.start) && token.start < text.len());
            prop_assert!(token.spellings.len() <= 24);
        }
    }

    #[test]
    fn every_text_is_found_by_itself(text in prop_oneof![characters(), exact_parts()]) {
        prop_assert_eq!(missing(&text, &text), Vec::<String>::new(), "{:?} {:?}", query_tokens(&text), tokens(&text, language_of(&text)));
    }

    #[test]
    fn accents_and_case_of_a_word_do_not_matter(word in "[a-zàâäåæçèéêëîïñòóôöøßùúüýőűșțğışćłśźż]{1,12}", known in 0..Language::ALL.len()) {
        use super::fold::{fold, lower};
        let language = Language::ALL[known];
        let all = |word: &str| { let word = lower(word); let word = Stemmable::new(&word); let (stem, other) = word.stems(language); [Some(stem), other].into_iter().flatten().map(|stem| stem.into_owned()).collect::<HashSet<_>>() };
        let own = all(&word);
        prop_assert!(!own.is_disjoint(&all(&fold(&word))), "{:?}", own);
    }
}

/// The terms of a document that stand for a date or a time.
fn moments(text: &str) -> Vec<String> {
    let is_moment = |term: &String| {
        let is_date =
            term.len() == 10 && term.as_bytes()[4] == b'-' || term.starts_with("--") && term.ends_with('*');
        is_date || term.len() == 5 && term.as_bytes()[2] == b':'
    };
    terms(text).into_iter().filter(is_moment).collect()
}

#[test]
fn dates_and_times_are_told_from_other_numbers() {
    for (text, expected) in [
        ("due 3 March 2027, 14:30", vec!["2027-03-03", "14:30"]),
        ("due March 3rd", vec!["--03-03-*"]),
        ("2024-05-06T07:08:09.123Z", vec!["2024-05-06", "07:08"]),
        ("15-17 March 2027", vec!["2027-03-15", "2027-03-17"]),
        ("03/04/2027", vec!["2027-04-03", "2027-03-04"]),
        ("03.04.2027 at 9 a.m.", vec!["2027-04-03", "09:00"]),
        ("el 3 de marzo de 2027", vec!["2027-03-03"]),
        ("3-Mar-2027", vec!["2027-03-03"]),
        ("2027年3月3日", vec!["2027-03-03"]),
        ("3 may be enough", vec![]),
        ("march 300 miles", vec![]),
        ("March 3:30", vec!["03:30"]),
        ("March 3 pm", vec!["15:00"]),
        ("version 1.2.2027.5", vec![]),
        ("call 555-867-5309", vec![]),
        ("10.12.2024.7", vec![]),
        ("32.13.2027", vec![]),
        ("99999999", vec![]),
        ("16.30", vec![]),
        ("9 amber lamps", vec![]),
        ("12:34:56:78", vec![]),
    ] {
        assert_eq!(moments(text), expected, "{text}");
    }
}
