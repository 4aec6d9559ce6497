//! Polite and empty phrases of queries, by language.
//!
//! A pattern has slots with a space between them, and a slot alternatives with `|` between them. `_` stands between the words of
//! an alternative. A slot that ends in `?` may be missing. Words are folded when they are read.

/// Phrases at the start of a sentence, or of a part of it behind a comma.
pub(super) const AT_START: &str = "
hi|hey|hello|ok|okay|so|well|sorry? please|kindly? can|could|would|will you please|kindly|maybe|perhaps|possibly|just|also? tell|remind|show|give|inform|help|find|search|check|recall|remember|look_up|look|mention|repeat me|us|for? again|please|find|remember|to_find|to_remember? about|of|info_about|information_about|details_about|info_on|information_on|details_on|all_about|everything_about|more_about|something_about?
hi|hey|hello? would_you_mind|do_you_mind telling|reminding|showing|giving me|us about|of?
hi|hey|hello|ok|okay|so|and|but? please|kindly|just? tell|remind|show|give me|us again|please|quickly? about|of|info_about|information_about|details_about|info_on|information_on|details_on|all_about|everything_about|more_about|something_about?
hi|hey|hello|please|kindly? help_me find|remember|recall|look_for|to_find|to_remember|figure_out
please find|search|look_up|look_for|recall|list|check
let_me_know
do|did you|we|i have|got any|some|the? information|info|notes|memories|details|data about|on|regarding
is|are there any? anything|something|information|info|notes|memories about|on|regarding
have i|we ever|already? told|mentioned|said|noted|discussed you? anything|something? about?
can|may|could i ask you?
please? search my|the|your|all? memories|notes|memory? for|about
please? look_up
i need|want you to find|tell|show|remind|look_up|look_for me? about?
any_chance you know|remember|recall
hi|hey|hello|ok|so|and|but? do|did|dont|would|might you still|even|by_any_chance|happen_to|perhaps|maybe|also? remember|recall|know
hi|hey|hello|ok|so|and? do_you_have_any|is_there_any|any|do_you_have_an idea|clue
i|we would|id|d|do|really|just|also? really? like|love|want|wanted|need|wish to know|find_out|ask|recall|be_reminded you? about|of?
id like|love to know|find_out|ask|recall|be_reminded you? about|of?
i was|am|m|im|ive|have|been? just|also? been? wondering|curious|asking_myself if|whether|about?
im|i_am|i_was trying to remember|recall|find|find_out|figure_out
im|i_am|i_was looking|searching for
i wonder|forgot|forget|cant_remember|cannot_remember|dont_remember|cant_recall|dont_recall|dont_know|do_not_remember|have_forgotten|no_longer_remember what|where|when|who|whom|whose|how|which|why|if|whether
ive|just wondering|forgotten what|where|when|who|whom|whose|how|which|why|if|whether
what did|do|have|had i|we ever|once|last? say|said|tell|told|mention|mentioned|write|written|note|noted|talk|talked|discuss|discussed you|down|to_you? about|on|regarding|concerning|of?
what i|we ever|once|last? said|told|mentioned|wrote|noted|discussed|have_said|have_told you|down|to_you? about|on|regarding|concerning?
what do|can|did you know|remember|recall|tell|say me|us? about|of|on?
did i|we ever? say|tell|mention|write|note you|down? anything|something? about|on?
kannst|konntest|konnen|konnten|wurdest|wurden|willst du|sie|ihr mir|uns? bitte|mal|vielleicht|noch|kurz? bitte|mal|noch|kurz? sagen|zeigen|erklaren|verraten|mitteilen|helfen|erzahlen|nennen|finden|heraussuchen|nachschauen|daran_erinnern
bitte? sag|sage|sagen|zeig|zeige|zeigen|erzahl|erzahle|erzahlen|erinnere|erinner|erinnern|nenn|nenne|nennen|gib|geben|verrate|verrat|verraten|such|suche|finde|finden sie? mir|mich|uns bitte|mal|doch|noch? mal|nochmal|einmal|alles? uber|von|an|daran?
weisst|weiss|wissen|erinnerst|erinnern|kennst du|sie|ihr dich|sich|euch? noch|vielleicht|zufallig|eigentlich?
hast|haben du|sie eine_ahnung
was weisst|weiss|wissen|kannst|konnen du|sie mir? noch|alles? sagen|erzahlen? uber|von|zu
ich mochte|wurde|will|wollte|muss|hatte gerne|gern|nur|mal? wissen|erfahren|fragen|horen
ich frage|fragte|habe|hab mich gefragt?
ich_weiss_nicht|ich_habe_vergessen|ich_hab_vergessen mehr? wo|wann|wie|was|wer|warum|welche|welcher|welches|ob
bonjour|salut? est_ce_que? tu|vous|est_ce_que_tu? peux|pourrais|pouvez|pourriez|veux|voudrais tu|vous? sil_te_plait|sil_vous_plait|svp? me|m|nous? dire|rappeler|montrer|trouver|retrouver|aider|indiquer|donner|raconter|chercher|redire sil_te_plait|sil_vous_plait|svp? a_trouver|a_retrouver? si?
bonjour|salut|sil_te_plait|sil_vous_plait? dis|dites|rappelle|rappelez|montre|montrez|raconte|racontez|parle|parlez|donne|donnez|indique|indiquez moi|nous sil_te_plait|sil_vous_plait|svp? de|du|des|tout|sur?
est_ce_que? tu|vous? te|vous? souviens|souvenez|rappelles|rappelez|sais|savez tu|vous|toi? de|du|des|encore|si?
je|j voudrais|voulais|veux|aimerais|souhaite|souhaiterais bien? savoir|connaitre|demander|apprendre si?
jaimerais|jaurais bien? aime|voulu? savoir|connaitre|demander si?
je me demande|demandais si?
je ne? sais|souviens|rappelle plus|pas ou|quand|comment|qui|pourquoi|quel|quelle|si
qu|quest|ce|que|qu_est? est_ce|ce? que|qu? j|jai|ai|je t|te|vous|tai? ai|jai|je? dit|ecrit|note|raconte|parle|mentionne sur|de|du|a_propos_de|a_propos_du|au_sujet_de|au_sujet_du|concernant?
hola? me? puedes|podrias|puede|podria|quieres por_favor? me? decir|decirme|recordarme|recordar|mostrarme|mostrar|contarme|contar|ayudarme|buscar|buscarme|encontrar|encontrarme|explicarme por_favor? a_encontrar|a_recordar|algo? sobre|de|si?
hola|por_favor? dime|digame|decime|recuerdame|recuerdeme|recordame|cuentame|cuenteme|hablame|muestrame|muestreme|ensename|buscame por_favor? algo|todo? sobre|de|si?
me|te|se? acuerdas|recuerdas|recuerda|sabes|sabe tu|usted? si|de?
me_gustaria|quisiera|quiero|queria|necesito saber|preguntar|preguntarte|conocer|recordar|averiguar si?
me pregunto|preguntaba|estaba_preguntando si?
no se|recuerdo|me_acuerdo donde|cuando|como|quien|que|cual|si
que he|te|te_he|le? dije|dicho|conte|contado|comente|comentado|escribi|escrito|mencione|mencionado|anote sobre|de|del|acerca_de|acerca_del?
ciao? mi? puoi|potresti|puo|potrebbe per_favore|per_piacere? dire|dirmi|ricordare|ricordarmi|mostrare|mostrarmi|trovare|trovarmi|aiutarmi|aiutare|raccontarmi|spiegarmi|cercare per_favore|per_piacere|a_trovare|a_ricordare? di|del|della|se?
ciao|per_favore? dimmi|mi_dica|mi_dici|ricordami|mi_ricordi|raccontami|parlami|mostrami|fammi_vedere|trovami per_favore|per_piacere|tutto? di|del|della|su|sul|sulla|se?
ti|si ricordi|ricorda se|di?
sai|sapete se|dove|quando|chi|cosa|come|quale|quanto|per_caso|qual
vorrei|volevo|voglio|mi_piacerebbe sapere|chiedere|chiederti|conoscere|ricordare se?
mi chiedo|chiedevo|stavo_chiedendo se?
non so|ricordo|mi_ricordo piu? dove|quando|come|chi|che|cosa|quale|se
che? cosa|che ho|avevo|ti_ho detto|scritto|raccontato|menzionato|annotato di|del|della|su|sul|sulla|riguardo_a|riguardo_al|riguardo_alla?
ola|oi? voce|tu|o_senhor|a_senhora? me? pode|podes|poderia|podia|podias|consegue|consegues por_favor? me? dizer|falar|lembrar|mostrar|contar|ajudar|encontrar|informar me? por_favor? a_encontrar|a_lembrar? de|sobre|se?
ola|oi|por_favor? me diga|diz|dize|conte|conta|lembre|lembra|mostre|mostra|fale|fala|ajude|ajuda por_favor|tudo? sobre|de|do|da|se?
sera_que voce? sabe|lembra|pode_me_dizer|pode_dizer
fale|fala|conte|conta|diga sobre
ola|oi|por_favor? diga|diz|dize|conte|conta|lembre|lembra|mostre|mostra|fale|fala me|nos por_favor|tudo? sobre|de|do|da|se?
voce|tu|ainda ainda|se|te? ainda|se? lembra|lembras|recorda|recordas|sabe|sabes te|se? de|do|da?
lembras|recordas te de|do|da?
eu? gostaria|queria|quero|gostava|preciso de? saber|perguntar|conhecer|lembrar se?
eu? estava|estou|fico me? a? perguntando|perguntar|pensar|pensando me? se?
eu? nao sei|lembro|me_lembro onde|quando|como|quem|que|qual|se
o? que|que_e_que eu? te|ja? disse|falei|escrevi|contei|mencionei|anotei sobre|de|do|da|a_respeito_de?
kun|kan|kunt|zou|wil je|jij|u me|mij|ons? alsjeblieft|alstublieft|even|misschien? willen|kunnen? vertellen|zeggen|laten_zien|helpen|helpen_herinneren|eraan_herinneren|opzoeken|vinden over?
vertel|zeg|toon|geef|help|herinner me|mij|ons er? eens|nog_eens|alsjeblieft|even? over|van|aan?
wat heb|had|hebben ik|we|wij je|jou? gezegd|verteld|geschreven over|van
laat me|mij eens|even? zien|weten
weet|herinner|herinnert je|jij|u je|zich? nog|misschien|toevallig?
ik wil|wilde|zou graag|even? willen? graag? weten|vragen
ik vroeg|vraag me af of?
ik weet_niet|ben_vergeten|weet_niet_meer waar|wanneer|hoe|wie|wat|welke|of
hej? kan|kunde|skulle|vill du|ni snalla? kunna? beratta|saga|visa|paminna|hjalpa|hitta|leta_upp mig|oss? om|for_mig?
snalla? beratta|sag|paminn|visa for? mig|oss om?
beratta om
minns|vet|kommer du|ni om|ihag|handelsevis?
jag vill|skulle|ville|vill_garna|undrar|undrade garna|bara? vilja|garna? veta|fraga? om?
jag har_glomt|minns_inte|vet_inte var|nar|hur|vem|vad|vilken|vilket|om
vad sa|sade|berattade|skrev|har jag dig? sagt|berattat|skrivit? om
hej? kan|kunne|vil|ville du|i venligst|lige? fortaelle|sige|vise|minde|hjaelpe|finde mig|os? om|pa?
venligst? fortael|sig|mind|vis mig|os lige|venligst? om|pa?
fortael om
husker|ved|kan du|i huske? om|tilfaeldigvis?
jeg vil|ville|kunne gerne|godt_taenke_mig|godt at? vide|sporge?  om?
jeg undrer_mig_over|har_glemt|husker_ikke|ved_ikke|vet_ikke hvor|hvornar|nar|hvordan|hvem|hvad|hva|hvilken|om
hva|hvad sa|sagde|fortalte|skrev|har jag|jeg deg|dig? sagt|fortalt|skrevet? om
hei? kan|kunne|vil du|dere vennligst? fortelle|si|vise|minne|hjelpe|finne meg|oss? om|pa?
vennligst? fortell|si|minn|vis meg|oss om|pa?
fortell om
husker|vet|kan du|dere huske? om|tilfeldigvis?
jeg vil|ville|skulle gjerne|bare? vite|sporre om?
jeg lurer|lurte pa om?
czy? mozesz|moglbys|moglabys|mozecie|moze_pan|moze_pani mi|nam? prosze? powiedziec|przypomniec|pokazac|znalezc|pomoc prosze? mi? o?
prosze? powiedz|przypomnij|pokaz|opowiedz|znajdz|podpowiedz mi|nam prosze? wszystko? o?
czy? pamietasz|wiesz|pamieta_pan|pamieta_pani|wie_pan|wie_pani moze|jeszcze?
chcialbym|chcialabym|chce|chcialem|chcialam sie? wiedziec|dowiedziec|zapytac sie?
zastanawiam|zastanawialem|zastanawialam sie czy?
nie pamietam|wiem gdzie|kiedy|jak|kto|co|czy|ktory|ktora
co ja? ci? mowilem|mowilam|powiedzialem|powiedzialam|pisalem|pisalam|wspominalem|wspominalam ci? o|na_temat?
привет|пожалуйста? скажи|скажите|подскажи|подскажите|напомни|напомните|расскажи|расскажите|покажи|покажите|найди|найдите мне? пожалуйста? мне? все? о|об|про?
привет? ты|вы? не? помнишь|помните|знаешь|знаете ли|ты|вы? о|об|про?
привет? не? можешь|можете|мог|могли|могла ли? бы? ты|вы? бы? пожалуйста? мне? пожалуйста? сказать|подсказать|напомнить|найти|рассказать|показать мне? о|об|про?
я? хочу|хотел|хотела|хотелось бы? я? бы? знать|узнать|спросить о|об|про?
мне_интересно|интересно
я? не_помню|не_знаю|забыл|забыла где|когда|как|кто|что|какой|какая
что я? тебе? говорил|говорила|сказал|сказала|писал|писала|рассказывал|рассказывала я? тебе? о|об|про
lutfen? bana|bize lutfen? soyle|soyler|soyleyebilir|hatirlat|hatirlatir|anlat|anlatir|goster|gosterir|bul|bulur misin|misiniz?
hatirliyor|biliyor musun|musunuz
merak_ediyorum|bilmek_istiyorum|sormak_istiyorum
lutfen bana|bize?
bana|bize
من_فضلك|لو_سمحت? هل يمكنك|تستطيع|بإمكانك|ممكن أن? تخبرني|إخباري|تقول_لي|تذكرني|تذكيري|تساعدني عن|ب?
من_فضلك|لو_سمحت? هل تعرف|تتذكر|تعلم|تذكر
من_فضلك|لو_سمحت? أخبرني|ذكرني|قل_لي|حدثني|خبرني من_فضلك|لو_سمحت? عن|ب?
من_فضلك|لو_سمحت
أريد|أود|أحب أن أعرف|أسأل|أتذكر عن?
أتساءل عن?
ماذا|ما_الذي قلت|كتبت|ذكرت لك? عن
क्या आप|तुम|तू मुझे? बता सकते|सकती|सकता हैं|हो|है कि?
कृपया? मुझे बताओ|बताइए|बताएं|बताइये|बता_दो|बता_दीजिए कि?
मुझे|हमें
कृपया बताओ|बताइए|बताएं|बताइये कि?
क्या आपको|तुम्हें|तुमको याद|पता है कि?
मैं जानना|पूछना चाहता|चाहती हूँ|था|थी कि?
";

/// Phrases at the end.
pub(super) const AT_END: &str = "
for_me? please|thanks|thank_you|cheers|thx|pls a_lot|so_much|very_much|in_advance?
do_you|can_you|could_you know|remember|recall|tell_me|remind_me please?
any|do_you_have_any idea
bitte|danke|dankeschon
weisst|weiss du noch|das|es?
sil_te_plait|sil_vous_plait|svp|stp|merci
por_favor|gracias
per_favore|per_piacere|grazie
por_favor|obrigado|obrigada|faz_favor|se_faz_favor
alsjeblieft|alstublieft|aub|bedankt|dank_je
tack|snalla
tak|venligst
takk
prosze|dziekuje|dzieki
пожалуйста|спасибо
oldugunu|oldugumu|oldugumuzu? soyler|soyleyebilir|hatirlatir|anlatir|gosterir|bulur misin|misiniz
nerede|ne_zaman|nasil|kim|ne? oldugunu|oldugumu|oldugumuzu|oldugu? soyler|soyleyebilir|hatirlatir|anlatir|gosterir misin|misiniz
hatirliyor|biliyor musun|musunuz
merak_ediyorum|bilmek_istiyorum
bana? soyle|hatirlat|anlat|goster|bul
lutfen|tesekkurler
hakkinda|konusunda ne|neler? soyledim|soylemistim|demistim|dedim|yazdim|anlattim
hakkinda|konusunda bilgi_ver|anlat|bana_bilgi_ver
من_فضلك|لو_سمحت|شكرا
के? बारे? में? बताओ|बताइए|बताएं|बताइये|बता_दो|बता_दीजिए
कहाँ|क्या|कब|कौन|कितना|कितनी|कैसा है|हैं|था|थी|थे
에|을|를? 대해|대해서|관해|관하여? 알려|말해|가르쳐|찾아|설명해|기억해 줘|줘요|주세요|줄래|줄래요|주실래요|줄_수_있어|줄_수_있나요|주시겠어요|주십시오
대해|대해서|관해|관하여? 알려줘|알려줘요|알려주세요|알려줄래|알려줄래요|말해줘|말해주세요|말해줄래|가르쳐줘|가르쳐주세요|찾아줘|찾아주세요|설명해줘|설명해주세요|알려주십시오
무엇인가요|뭐야|뭐예요|뭐에요|뭔가요|뭐지|뭐였지|뭐였더라|무엇이었나요|무엇입니까|무엇이야|언제야|언제예요|언제인가요|언제였지|언제입니까|누구야|누구예요|누구인가요|누구였지|누구입니까|어디야|어디예요|어디인가요|어디였지|어디입니까|얼마야|얼마예요|얼마인가요
어디인지|뭔지|무엇인지|언제인지|누구인지|얼마인지|뭐였는지
어디|어디에|어디에서|어디서 있나요|있는지|있었는지|있어|있어요|있니|있지|있습니까|있었지|있더라|있을까|있을까요
기억나|기억나니|기억나요|기억하니|기억해|알아|아세요|부탁해|부탁해요|부탁합니다
";

/// Sentences and parts of them that are polite as a whole.
pub(super) const ALONE: &str = "
hi|hey|hello|ok|okay|dear there|again|assistant?
quick|one question
good morning|evening|afternoon
hallo|moin|guten_tag|guten_morgen|hi
bonjour|salut|bonsoir
hola|buenos_dias|buenas_tardes|buenas
ciao|buongiorno|buonasera|salve
ola|oi|bom_dia|boa_tarde|boa_noite
hoi|goedemorgen|goedemiddag
hej|hei|god_morgen|god_dag|hejsan
czesc|dzien_dobry
привет|здравствуйте|здравствуй|добрый_день
merhaba|selam
مرحبا|السلام_عليكم
नमस्ते
안녕|안녕하세요
";

/// A start and an end that are a phrase together.
pub(super) const AROUND: [(&str, &str); 4] = [
    (
        "was habe|hab|hatte|haben|hatten ich|wir dir|ihnen|dazu? uber|zu|zum|zur|von|vom",
        "gesagt|erzahlt|geschrieben|notiert|erwahnt|besprochen",
    ),
    ("wat heb|had|hebben ik|we|wij je|jou? over|van", "gezegd|verteld|geschreven|genoteerd|besproken"),
    (
        "kannst|konntest|konnen|konnten|wurdest du|sie mir? bitte|mal?",
        "sagen|zeigen|nennen|finden|suchen|heraussuchen",
    ),
    ("kun|kan|kunt|zou je|jij|u me|mij? alsjeblieft|even?", "vertellen|zeggen|vinden|opzoeken|laten_zien"),
];

/// The starts of texts without spaces between words.
pub(super) const PREFIXES: &str = "
请问你还记得 请告诉我关于 请告诉我 告诉我关于 告诉我 你能告诉我 能告诉我 你可以告诉我
可以告诉我 能不能告诉我 请问 我想知道 我想问 你还记得 你记得 还记得 你知道 请提醒我 提醒我
请帮我找 帮我找 请帮我查 帮我查 我说过 我忘了 我不记得 請告訴我 告訴我 你能告訴我 能告訴我
可以告訴我 請問 你還記得 你記得 還記得 請提醒我 請幫我找 幫我找 我說過 教えてください
教えて すみません ねえ あの ขอถามว่า
";

/// The ends of texts without spaces between words.
pub(super) const SUFFIXES: &str = "
について教えてください について教えて のことを教えて を教えてください を教えて下さい
を教えてくれますか を教えてくれる を教えてもらえますか を教えて 教えてください 教えて下さい
教えて か覚えていますか を覚えていますか 覚えていますか 覚えてる を思い出させて
か知っていますか を知っていますか はどこにありますか はどこにあります はどこにある はどこですか
はどこでしたか はどこだっけ はどこ どこにありますか にありますか ありますか はいつですか
はいつでしたか はいつだっけ はいつ は何ですか は何でしたか は何だっけ はなんですか
はなんでしたか は何 は誰ですか は誰でしたか はいくらですか は何番ですか でしたか だっけ
ですか を探して を見つけて 是什么来着 是什么吗 是什么 是什麼 在哪里 在哪裡 在哪儿 在哪兒
在什么地方 是谁 是誰 是多少 是什么时候 是什麼時候 是哪一天 是哪天 叫什么 叫什麼 来着 吗
嗎 呢 怎么样 อยู่ที่ไหน คืออะไร เมื่อไหร่ หน่อย
";
