//! Memories of every day in several languages, made from templates.

/// How many there are.
pub(super) const COUNT: usize = 1_000;

/// Sentences of a language with gaps, and what fills the gaps.
struct Templates {
    /// `{a}` and `{b}` are replaced by words, `{n}` by a number.
    sentences: &'static [&'static str],
    a: &'static [&'static str],
    b: &'static [&'static str],
}

const ENGLISH: Templates = Templates {
    sentences: &[
        "{a} painted the {b} in {n} days.",
        "Will {a} bring the {b} on day {n}? We will see.",
        "Who did {a} meet at the {b} on floor {n}?",
        "It is what {a} wanted: a {b} for {n} people.",
        "{a} said that the {b} is not to be used before {n}.",
        "The {b} that {a} bought is number {n} on the list.",
        "I am sure {a} will be at the {b} at {n}.",
        "Do not ask {a} about the {b}, it was broken {n} times.",
        "{a} and the {b} team won by {n} points.",
        "When the {b} was closed, {a} waited {n} minutes.",
    ],
    a: &[
        "Olga", "Hugo", "Nadia", "Felix", "Ingrid", "Omar", "Tessa", "Viktor", "Zoe", "Pablo", "Ruth",
        "Samir",
    ],
    b: &[
        "garden", "bridge", "concert", "theatre", "office", "museum", "lamp", "market", "stadium", "library",
        "ferry",
    ],
};

const OTHERS: [Templates; 9] = [
    Templates {
        sentences: &[
            "{a} hat den {b} am {n}. Tag verkauft.",
            "Wir treffen {a} am {b}, Gleis {n}.",
            "Warum war {a} mit dem {b} nicht da? Es waren {n} Leute.",
        ],
        a: &["Olga", "Jürgen", "Käthe", "Felix", "Ingrid", "Uwe"],
        b: &["Wagen", "Brunnen", "Bahnhof", "Ofen", "Schlüssel", "Teppich"],
    },
    Templates {
        sentences: &[
            "{a} a vendu le {b} le {n} du mois.",
            "Nous avons vu {a} avec un {b} au numéro {n}.",
            "Qui est venu chez {a} pour le {b} ? Ils étaient {n}.",
        ],
        a: &["Hélène", "Benoît", "Nadia", "Hugo", "Chloé", "Gérard"],
        b: &["tapis", "bateau", "gâteau", "vélo", "piano", "rideau"],
    },
    Templates {
        sentences: &[
            "{a} vendió el {b} el día {n}.",
            "No vimos a {a} con el {b} en el piso {n}.",
            "¿Quién es {a} y por qué tiene un {b} con {n} ruedas?",
        ],
        a: &["Inés", "Pablo", "Begoña", "Hugo", "Raúl", "Nadia"],
        b: &["carro", "barco", "sombrero", "espejo", "martillo", "cuadro"],
    },
    Templates {
        sentences: &[
            "{a} продал {b} за {n} рублей.",
            "Мы видели, как {a} нёс {b} на этаж {n}.",
            "Почему {a} не взял {b}? Их было {n}.",
        ],
        a: &["Олег", "Игорь", "Павел", "Фёдор", "Борис", "Руслан"],
        b: &["ковёр", "стол", "велосипед", "чайник", "шкаф", "телефон"],
    },
    Templates {
        sentences: &[
            "{a}昨天买了{b}，花了{n}元。",
            "我们在{n}号看见{a}拿着{b}。",
            "{a}为什么没有{b}？他们有{n}个。",
        ],
        a: &["小明", "李华", "王芳", "张伟", "刘洋", "陈静"],
        b: &["自行车", "电视", "毛衣", "桌子", "雨伞", "手表"],
    },
    Templates {
        sentences: &[
            "{a}さんは{b}を{n}個買いました。",
            "昨日{a}さんと{b}の話をしました。{n}時でした。",
            "{a}さんの{b}はどこにありますか。{n}階です。",
        ],
        a: &["田中", "鈴木", "佐藤", "高橋", "伊藤", "渡辺"],
        b: &["テレビ", "机", "傘", "カメラ", "時計", "本棚"],
    },
    Templates {
        sentences: &[
            "{a} 씨는 {b}를 {n}개 샀어요.",
            "어제 {a} 씨와 {b} 이야기를 {n}시까지 했다.",
            "{a} 씨의 {b}는 {n}층에 있습니다.",
        ],
        a: &["민수", "지영", "현우", "수진", "동현", "은지"],
        b: &["의자", "시계", "카메라", "모자", "구두", "안경테"],
    },
    Templates {
        sentences: &[
            "باع {a} {b} بسعر {n} دينار.",
            "رأينا {a} مع {b} في الطابق {n}.",
            "لماذا لم يأخذ {a} {b}؟ كان هناك {n}.",
        ],
        a: &["سمير", "خالد", "يوسف", "طارق", "حسن", "عمر"],
        b: &["السجادة", "الدراجة", "المرآة", "الساعة", "المظلة", "الكرسي"],
    },
    Templates {
        sentences: &[
            "{a} ने {n} रुपये में {b} बेचा।",
            "हमने {a} को {b} के साथ मंज़िल {n} पर देखा।",
            "{a} के पास {b} क्यों नहीं है? वहाँ {n} थे।",
        ],
        a: &["राजेश", "सुनीता", "अमित", "पूजा", "विकास", "नेहा"],
        b: &["पंखा", "झूला", "चश्मा", "थैला", "छाता", "घड़ा"],
    },
];

/// The English sentence of this number.
pub(super) fn english(number: usize) -> String {
    fill(&ENGLISH, number)
}

/// All of them: three of five are English.
pub(super) fn all() -> Vec<String> {
    let sentence = |number: usize| match number % 5 {
        0..=2 => fill(&ENGLISH, number),
        _ => fill(&OTHERS[number / 5 % OTHERS.len()], number),
    };
    (0..COUNT).map(sentence).collect()
}

fn fill(templates: &Templates, number: usize) -> String {
    // Products with numbers without a common factor, so that combinations repeat late.
    let pick = |of: &[&'static str], factor: usize| of[number * factor / 3 % of.len()];
    let sentence = pick(templates.sentences, 7);
    let (a, b) = (pick(templates.a, 5), pick(templates.b, 11));
    sentence.replace("{a}", a).replace("{b}", b).replace("{n}", &(number % 997 + 2_000).to_string())
}
