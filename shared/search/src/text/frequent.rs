//! The most frequent words of each language.

use super::language::Language;

/// The most frequent words of each language, folded: they tell it, and a query in it leaves them out. Those of English are its
/// stop words and what people write in chats.
pub(super) const WORDS: [(Language, &str); 15] = [
    (
        Language::English,
        "the and of to in is was for that it you with he she they we be this are have had not but what all were \
         when your can said there use each which do how their if will up other about out many then them these so \
         some her would make like him into time has look more write go see number no way could people my than \
         been who its now find down day did get come made may part i me our just don know really think want good \
         great thanks yeah hey wow cool nice love awesome happy glad sounds hi hello please yes am any from by at \
         as on or an a let us new too very also off over after before again here where why should ok okay hmm oh \
         haha lol omg brb thx gonna wanna gotta lemme gimme dunno idk btw imo u ur ya yep yup nope nah pls plz ty \
         np congrats bye lets ll ve re didn doesn isn aren wasn won couldn shouldn wouldn hadn hasn haven being \
         does doing done going went much every ever never always today tomorrow yesterday tonight still since \
         until because while both between under through same such only own most s t d m",
    ),
    (
        Language::German,
        "der die das und ist ich nicht ein eine einen einem einer zu den mit sich des auf fur im dem von sie es \
         wir ihr er auch als an nach wie aus bei hat dass wird sind noch war haben aber nur wenn kann mein meine \
         meinen dein deine mir mich dir dich uns unser unsere was wo wer wann warum kein keine sehr schon heute \
         morgen gestern immer oder habe hatte bin bist werden wurde uber unter vom zum zur seit jeden jede mag am \
         um so ihre seine sein gern gerne deinen deiner eines eures euer eure unserem unseren unserer dies diese \
         dieser dieses diesem diesen jeder jedes jedem alle alles viel viele doch mal ja nein hier dort da dann \
         denn weil ob bis gegen ohne zwischen hinter neben muss musst mussen soll sollen will wollen kannst \
         konnen wurden ware hatten waren sei seid ans ins beim jetzt nie mehr man etwas nichts bitte danke wieder \
         ihm ihn ihnen ihren ihrem sonst damit dafur",
    ),
    (
        Language::French,
        "le la les un une des et est je tu il elle nous vous ils elles ne pas que qui dans pour sur avec ce cette \
         ces mon ma mes ton ta tes son sa ses notre votre leur leurs au aux du de en y ou mais donc car plus sont \
         etait ai as avons avez ont suis es sommes etes fait tres bien comme tout tous toute quand comment \
         pourquoi aussi chez sans sous entre depuis hier demain jamais toujours dont l qu j c d n s m t cet celui \
         celle ceux etais seront sera serait peut peux veut veux faut va vais vont aller faire penser doit dois \
         chaque encore deja trop peu assez rien personne autre autres apres avant pendant vers contre moi toi lui \
         soi eux voici voila aujourd hui merci bonjour oui non si quel quelle quels quelles combien parce quoi \
         puis alors ici",
    ),
    (
        Language::Spanish,
        "el la los las un una unos unas y es yo tu ella nosotros ustedes ellos no que en de del al por para con \
         sin su sus mi mis se lo le les me te nos como mas pero muy esta este estos estas eso esa ese son fue era \
         ser hay tiene tengo vive cuando donde quien porque tambien desde hasta sobre entre hoy ayer manana \
         siempre nunca todo todos todas gusta estoy he ha han o tus nuestro nuestra nuestros vuestro ya si cada \
         otro otra otros mucho mucha muchos poco algo nada nadie alguien antes despues durante contra hacia segun \
         eres somos estan estaba estuvo fui fueron tienes tenemos tienen tenia puede puedo quiero quiere debe \
         debo hace hacer ir voy va vamos cual cuales cuanto aqui alli ahora luego gracias hola buenos debajo \
         encima cerca lejos",
    ),
    (
        Language::Italian,
        "il lo la i gli le un uno una e di del della dei delle dello degli al alla alle ai agli da dal dalla in \
         nel nella nei nelle sul sulla con per tra fra che chi non si mi ti ci vi ho hai ha abbiamo avete hanno \
         sono sei siamo siete era io tu lui lei noi voi loro mio mia miei tuo suo sua questo questa quello come \
         dove quando perche anche piu molto ma o se oggi ieri domani sempre mai ogni questi queste quelli quelle \
         quella qui qua li adesso ora poi gia ancora nulla niente nessuno qualcuno altro altri altra dopo prima \
         durante contro verso sotto sopra dentro fuori vicino erano stato stata fatto fare fa va vado andare deve \
         devo puo posso voglio vuole piace grazie ciao buongiorno quanto quanti quale quali cosa nostro nostra \
         vostro suoi sue mie tuoi tue ne l dell all nell dall sull d c dalle",
    ),
    (
        Language::Portuguese,
        "o a os as um uma uns umas e de do da dos das em no na nos nas por para com sem que quem se nao eu tu ele \
         ela voce voces eles elas meu minha meus minhas teu seu sua seus suas ao aos pelo pela mais mas muito ja \
         este esta isso isto esse essa foi era ser sao estou tem tenho ha como quando onde porque tambem desde \
         ate sobre entre hoje ontem amanha sempre nunca tudo todos gosto mora ola obrigado obrigada sou somos \
         eram estao estava temos tinha pode posso quero quer deve vai vou vamos ir fazer faz cada outro outra \
         outros muita muitos muitas pouco algo nada ninguem alguem antes depois durante contra agora aqui ali la \
         debaixo perto longe nosso nossa nossos dele dela deles num numa pelos qual quais quanto toda todas nem \
         me te lhe devo deves devem",
    ),
    (
        Language::Dutch,
        "de het een en van ik je jij hij zij wij jullie niet dat die is in op te met voor zijn maar om ook als \
         dan er aan bij uit naar nog wel geen wat wie waar wanneer waarom hoe mijn jouw haar ons onze hun heeft \
         heb hebben had was waren wordt worden ben bent kan moet zal zou door over tot sinds altijd nooit vandaag \
         gisteren morgen heel veel deze dit daar hier want of graag elke uw u zich zichzelf mij jou hem hen dus \
         toch alleen alles iets niets iemand niemand weer eens nu straks soms vaak tussen tegen zonder onder \
         boven achter naast na tijdens maak maken gaan gaat ging ga kom komt moeten mag willen wil kunnen kunt \
         zullen zult vind zeg ieder welke hoeveel dank bedankt hallo ja nee",
    ),
    (
        Language::Swedish,
        "och det att i en ett jag du han hon vi ni de som pa ar av for med den till inte om har hade var mig dig \
         sig min mitt mina din ditt sin sitt sina fran men eller nar dar vad vem varfor hur mycket ocksa bara kan \
         ska skulle vill efter mot utan under mellan alltid aldrig idag igar imorgon alla varje ganska gillar bor \
         henne honom oss er dem deras vara varit blir blev bli gar gick ga kommer kom maste far fick allt inget \
         ingen nagon nagot nagra manga fler mer mest sa saledes an nu da dit hit hos at dess denna detta dessa \
         tack hej ja nej ihag bada aven sedan medan innan tills vilken vilket vilka over",
    ),
    (
        Language::Danish,
        "og det at i en et jeg du han hun vi de som pa er af for med den til ikke om har havde var mig dig sig \
         min mit mine din dit sin sit sine fra men eller nar der hvad hvem hvor hvorfor hvordan meget ogsa kun \
         kan skal skulle vil efter mod uden under mellem altid aldrig dag igar hver blev bliver kunne noget nogle \
         lige hende ham os jer dem deres vaere vaeret blive gar gik kommer kom ma matte far fik alle alt intet \
         ingen nogen mange mere mest nu da her hos denne dette disse tak hej ja nej inden siden mens indtil \
         hvilken hvilket hvilke selv samme sadan hvert over vores",
    ),
    (
        Language::Norwegian,
        "og det at i en et ei jeg du han hun vi dere de som pa er av for med den til ikke om har hadde var meg \
         deg seg min mitt mine din ditt sin sitt sine fra men eller nar der hva hvem hvor hvorfor hvordan mye \
         ogsa bare kan skal skulle vil etter mot uten under mellom alltid aldri dag igar hver ble blir kunne noe \
         noen bor henne ham oss dem deres vaere vaert bli gar gikk kommer kom ma matte far fikk alle alt intet \
         ingen mange mer mest na da her hos denne dette disse takk hei ja nei innen siden mens inntil hvilken \
         hvilket hvilke selv samme sann hvert over vare vart",
    ),
    (
        Language::Finnish,
        "ja on ei se etta han mina sina me te he olen olet ole oli olla ovat mutta kun jos niin kuin joka mika \
         missa mista mihin milloin miksi kuka miten minun sinun hanen meidan teidan heidan minulla sinulla tama \
         tuo myos vain viela jo nyt aina koskaan tanaan eilen huomenna tai sitten hyvin paljon kanssa ennen \
         jalkeen minulle asuu oma omat olemme olette olivat ollut olisi voi voin voit voivat pitaa pitaisi taytyy \
         saa saan saada tulee tuli mennaan menen menemme nain siella taalla tassa siina jossa josta johon jota \
         jonka jotka mita kenen ketka kaikki kaikkia joku jotain mitaan myoskin vielakin ennenkuin kiitos moi hei \
         joo noin yli ali asti saakka sen taman niiden nama ne",
    ),
    (
        Language::Hungarian,
        "a az es hogy nem van volt egy en te o mi ti ok ez ezt azt meg is de ha vagy mint csak mar most majd mert \
         ami aki hol mikor miert hogyan ki mit nagyon sok minden soha mindig ma tegnap holnap vagyok vagyunk lesz \
         lett nincs kell lehet nekem neked neki velem utan elott alatt kozott szeretek szeretem lakik ezek azok \
         igen ne se sem kellett tud tudok akar akarok vannak voltak lesznek legyen jon jott megy mentem megyek \
         ebben abban itt ott ide oda innen onnan hova akkor mindenki senki valaki valami semmi minel mellett \
         mogott folott nelkul miatt szerint ota koszonom szia helo tol rol egyik masik",
    ),
    (
        Language::Romanian,
        "si in la de pe cu nu este sunt un o al ale ai a lui ei eu tu el ea noi voi ele ce cine unde cand cum \
         pentru din mai dar sau ca sa se am are au fost era fi imi iti isi meu mea mei mele tau acest aceasta \
         asta foarte mult intotdeauna niciodata azi ieri maine tot toate toti dupa inainte intre sub locuieste \
         esti suntem sunteti eram avea aveam aveti avem poate pot vreau vrea trebuie face fac facut merge merg \
         vine vin fie cat cati care caruia lor noastra nostru vostru voastra sale nici nimic nimeni cineva ceva \
         fiecare alt alta alti peste langa fara despre prin spre acum apoi aici acolo multumesc buna da ii ne va \
         le dintre pana",
    ),
    (
        Language::Turkish,
        "ve bir bu su o da de ki mi icin ile ben sen biz siz onlar benim senin onun bizim ne kim nerede neden \
         nasil zaman cok daha en var yok degil ama veya gibi kadar sonra once her hic simdi bugun dun yarin evet \
         hayir olan olarak oldu ise sey bana sana ona beni seni mu gore iyi bize size sizin bunu sunu onu burada \
         orada surada nereye nereden kimin hangi kac niye cunku fakat ancak hem ya yada eger ister lazim gerek \
         gerekiyor etti edildi edecek oluyor olacak yapmak yaptim gitti gidiyor geldi geliyor almak aldim verdi \
         hepsi herkes kimse bazi birkac butun tum ayni baska tesekkurler merhaba lutfen",
    ),
    (
        Language::Other,
        // Polish, Czech, Slovak, Croatian, Slovene, Catalan, Indonesian, Vietnamese, Swahili, Estonian, Latvian,
        // Lithuanian.
        "nie jest sie na do w z ze jak ale czy dla przez przy oraz moj moja moje mam jestem bardzo gdzie kiedy \
         dlaczego kto co juz tylko jego jej ich mieszka lubi jsem jsi je se ve si kde kdy proc kdo uz jen jeho \
         jeji muj velmi nebo protoze ktery ktera som ste alebo preto ako iba sam smo su nije gdje kada zasto tko \
         sto samo njegov bio bila jos els les amb per una i no que es meu meva pero molt aquest aquesta on quan \
         perque yang dan di ke dari ini itu untuk dengan saya kamu dia kami mereka tidak adalah ada apa siapa \
         mana kapan mengapa sudah akan bisa juga la va cua khong mot nhung toi ban anh chi em cho trong voi nay \
         ngay rat wa kwa ni katika hii mimi wewe yeye sisi yangu yake hapa ja ei see mina sina tema meie oli aga \
         kui mis kus millal miks kes vaga minu un ir tu vins mes nav kas kur ar bet vai ka mans yra as jis ji kad \
         kaip kodel labai mano mi ti mu nas was nam wam tego tej ten ta te to tym tych byl byla bylo byli bede \
         bedzie jutro dzis wczoraj teraz potem zawsze nigdy pod nad przed po od u o a twoj swoj ma maja chce musi \
         trzeba mozna dziekuje prosze czesc tvuj svuj byt bude zitra dnes vcera ted pak vzdy nikdy mezi bez pred \
         v mojo tvoj svoj bit ce cu sutra danas jucer sada onda uvijek nikad izmedu prije poslije kod iz hvala \
         sota sobre seu chung sinu nuud tagad tavo jo dabar",
    ),
];
