//! Words of everyday notes in each language.

use super::language::Language;

/// Words that tell a language and that a query in it asks for, folded: days and months, family, and what notes are about.
pub(super) const TOPICS: [(Language, &str); 14] = [
    (
        Language::German,
        "montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar marz april mai juni juli \
         august oktober dezember mutter vater bruder schwester sohn tochter freund freundin frau mann oma opa \
         onkel kind kinder geburtstag termin arzt zahnarzt schlussel wohnung haus auto hund katze milch brot \
         kaufen wohnt arbeitet kostet fahren essen trinken abend woche monat jahr jahre stadt strasse schule \
         arbeit nachster zimmer kuche heisst liegt nachste nachsten nachstes dritten ersten uhr neu neue neuen \
         neues neuer keinen keiner rechnung bezahlen ruft trinke trinkt kaffee farbe grun rot blau gelb schwarz \
         weiss kita schliesst spricht umgezogen besprechung treffen vier drei funf sechs",
    ),
    (
        Language::French,
        "lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout \
         septembre octobre novembre decembre mere pere frere soeur fils fille ami amie femme mari maman papa \
         oncle tante enfant enfants anniversaire rendez medecin dentiste cle cles appartement maison voiture \
         chien chat lait pain acheter habite travaille coute manger boire semaine mois an annee annees jour nuit \
         ville rue ecole travail chambre cuisine aime soir matin nouvel nouvelle nouveau emploi facture payer \
         appelle bois cafe couleur vert rouge bleu jaune noir blanc creche ferme heures seize quatre cinq parle \
         demenage reunion",
    ),
    (
        Language::Spanish,
        "lunes martes miercoles jueves viernes sabado domingo enero febrero marzo abril mayo junio julio agosto \
         septiembre octubre noviembre diciembre madre padre hermano hermana hijo hija amigo amiga esposa marido \
         mama papa tio tia abuelo abuela nino ninos cumpleanos cita medico dentista llave llaves piso casa coche \
         perro gato leche pan comprar trabaja cuesta comer beber semana mes ano anos dia noche ciudad calle \
         escuela trabajo habitacion cocina euros nueces nuevo nueva factura pagar llama tomo bebo cafe color \
         verde rojo azul amarillo negro blanco guarderia cierra cuatro cinco habla reunion",
    ),
    (
        Language::Italian,
        "lunedi martedi mercoledi giovedi venerdi sabato domenica gennaio febbraio marzo aprile maggio giugno \
         luglio agosto settembre ottobre novembre dicembre madre padre fratello sorella figlio figlia amico amica \
         moglie marito mamma papa zio zia nonno nonna bambino bambini compleanno appuntamento medico dentista \
         chiave chiavi appartamento casa macchina cane gatto latte pane comprare abita lavora costa mangiare bere \
         settimana mese anno anni giorno notte sera citta via scuola lavoro camera cucina euro noci abito nuovo \
         nuova bolletta pagare chiama bevo beve caffe colore verde rosso blu giallo nero bianco asilo chiude \
         quattro cinque parla riunione trovato",
    ),
    (
        Language::Portuguese,
        "segunda terca quarta quinta sexta sabado domingo janeiro fevereiro marco abril maio junho julho agosto \
         setembro outubro novembro dezembro mae pai irmao irma filho filha amigo amiga esposa marido tio tia avo \
         crianca criancas aniversario consulta medico dentista chave chaves apartamento casa carro cachorro cao \
         gato leite pao comprar trabalha custa comer beber semana mes ano anos dia noite cidade rua escola \
         trabalho quarto cozinha reais nozes novo nova emprego conta pagar liga bebo bebe cafe cor verde vermelho \
         azul amarelo preto branco creche fecha quatro cinco fala reuniao",
    ),
    (
        Language::Dutch,
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart april mei juni juli \
         augustus oktober moeder vader broer zus zoon dochter vriend vriendin vrouw man oma opa oom tante kind \
         kinderen verjaardag jarig afspraak arts tandarts sleutel sleutels woning huis auto hond kat melk brood \
         kopen woont werkt kost eten drinken avond week maand jaar stad straat school werk kamer keuken fiets \
         volgende volgend eerste nieuw nieuwe baan rekening betaald betalen belt drink drinkt koffie kleur groen \
         rood blauw geel zwart wit kinderopvang uur vier heet praat verhuisde vergadering",
    ),
    (
        Language::Swedish,
        "mandag tisdag onsdag torsdag fredag lordag sondag januari februari mars april maj juni juli augusti \
         oktober mamma pappa mor bror syster son dotter vaninna fru morfar mormor moster farbror barn \
         fodelsedag tandlakare tandlakaren lakare lakartid nyckel nyckeln nycklar lagenhet lagenheten hus huset \
         bil bilen hund hunden katt katten mjolk brod kopa jobbar kostar ata dricka kvall vecka manad manaden \
         stad gata skola arbete rum kok tycker nasta forsta fatt nytt ny sagde sager inga fore jobb jobbet \
         klockan stanger rakning rakningen betala betalas ringer dricker kaffe favorit gron gul rod bla svart vit \
         forskola pratar heter flyttade fodelsedagar mote moten",
    ),
    (
        Language::Danish,
        "mandag tirsdag onsdag torsdag fredag lordag sondag januar februar marts april maj juni juli august \
         oktober mor bror soster son datter ven veninde kone mand mormor bedstemor onkel barn born fodselsdag \
         tandlaege tandlaegen laege noglen nogler lejlighed lejligheden hus huset bil bilen hund hunden kat \
         katten maelk brod kobe bor arbejder koster spise drikke aften uge maned maneden by gade skole arbejde \
         vaerelse kokken godt lide morgen naeste forste husk huske faet nyt ny selvom sagde siger ingenting \
         hvorhen nogensinde job jobbet klokken lukker regning regningen betale betales ringer drikker kaffe \
         yndlingsfarve gron gul rod bla sort hvid bornehave taler hedder flyttede",
    ),
    (
        Language::Norwegian,
        "mandag tirsdag onsdag torsdag fredag lordag sondag januar februar mars april mai juni juli august \
         oktober mor mamma pappa bror soster sosteren sonn datter venn venninne kone mann bestemor onkel barn \
         bursdag tannlege tannlegen lege nokkel nokkelen leilighet leiligheten hus huset bil bilen hund hunden \
         katt katten melk brod kjope jobber koster spise drikke kveld uke maned maneden by gate skole arbeid rom \
         kjokken liker timen morgen neste forste husk huske fatt nytt ny godt sa sier ingenting noensinne jobb \
         jobben klokka klokken stenger regning regningen betale betales ringer drikker kaffe favoritt gronn gul \
         rod bla svart hvit barnehage snakker heter flyttet",
    ),
    (
        Language::Finnish,
        "maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai tammikuu helmikuu maaliskuu huhtikuu \
         toukokuu kesakuu heinakuu elokuu syyskuu lokakuu marraskuu joulukuu maanantaina tiistaina keskiviikkona \
         torstaina perjantaina lauantaina sunnuntaina toukokuussa kesakuussa aiti aidin isa isan veli veljeni \
         sisko siskoni poika tytar ystava ystavani vaimo mies mummo ukki lapsi lapset syntymapaiva hammaslaakari \
         laakari avain asunto talo auto koira koiran kissa maito maitoa leipa leipaa ostaa asun toissa maksaa \
         syoda juoda ilta viikko kuukausi vuosi vuotta paiva kaupunki katu koulu tyo huone keittio tykkaa euroa \
         ostin muista muistaa alla paalla sisalla ulkona en uuden uusi lasku soittaa juo juon kahvi kahvia vari \
         vihrea punainen sininen keltainen musta valkoinen paivakoti nelja viisi puhuu kokous tyopaikan tyopaikka \
         sai",
    ),
    (
        Language::Hungarian,
        "hetfo kedd szerda csutortok pentek szombat vasarnap januar februar marcius aprilis majus junius julius \
         augusztus szeptember oktober november december anya anyam apa apam anyu fiu lany baratom felesegem \
         ferjem nagymama noverem novere ocsem batyam hugom gyerek gyerekek szuletesnap orvos fogorvos kulcs lakas \
         haz auto autot kutya macska tej tejet kenyer kenyeret venni vettem dolgozik kerul enni inni este het \
         honap ev eves nap varos utca iskola munka szoba konyha forint szeret elso masodik uj szamla szamlat hiv \
         iszom iszik kave kavet szin zold piros kek sarga fekete feher ovoda zar negy ot beszel allas allast \
         kapott kedvenc",
    ),
    (
        Language::Romanian,
        "luni marti miercuri joi vineri sambata duminica ianuarie februarie martie aprilie iunie iulie septembrie \
         octombrie noiembrie decembrie mama mamei tata tatal frate fratele sora fiul fiica prieten prietena sotia \
         sotul bunica bunicul copil copii aniversare programare medic doctor dentist dentistul cheie cheia cheile \
         apartament casa masina caine cainele pisica lapte paine cumpara cumparat locuiesc lucreaza costa mananca \
         bea seara saptamana luna an ani zi ziua noapte oras strada scoala munca camera bucatarie lei place ora \
         nou noua factura platita suna beau cafea culoarea verde rosu albastru galben negru alb gradinita inchide \
         patru cinci vorbeste intalnire loc",
    ),
    (
        Language::Turkish,
        "pazartesi sali carsamba persembe cuma cumartesi pazar ocak subat mart nisan mayis haziran temmuz agustos \
         eylul ekim kasim aralik anne annem annemin baba babam kardes kardesim abi abla oglum kizim arkadas \
         arkadasim karim kocam dede teyze amca cocuk cocuklar dogum gunu randevu doktor disci anahtar ev evde \
         araba arabayi kopek kopegim kedi kedim sut ekmek aldi oturuyor calisiyor seviyor yemek icmek aksam hafta \
         ay yil gun sehir sokak okul is oda mutfak lira saat yeni eski altinda ustunde icinde yaninda arkasinda \
         karsi fatura arayacak kahve renk yesil kirmizi mavi sari siyah beyaz kres dort bes konusuyor toplanti \
         icmiyorum",
    ),
    (
        Language::Other,
        // Polish, Czech, Slovak, Croatian, Slovene, Catalan, Indonesian, Vietnamese, Swahili, Estonian, Latvian,
        // Lithuanian.
        "poniedzialek wtorek sroda czwartek piatek sobota niedziela stycznia lutego marca kwietnia czerwca lipca \
         sierpnia wrzesnia pazdziernika listopada grudnia mama tata brat siostra siostry syn corka zona maz \
         babcia dziecko dzieci urodziny lekarz dentysta klucz mieszkanie dom samochod pies kot mleko chleb kup \
         kupic pracuje kosztuje tydzien miesiac rok dzien miasto ulica szkola praca pondeli utery streda ctvrtek \
         patek nedele sestra bratr otec matka dcera narozeniny lekar zubar klic auto pes kocka mlieko chleba \
         koupit bydli ponedjeljak utorak srijeda cetvrtak petak subota nedjelja majka kcer kljuc stan kruh kupiti \
         zivi radi tjedan mjesec godina germana germa casa mieszkac lubie tinggal kakak adik ibu ayah rumah besok \
         kemarin hari elab asub homme eile dzivo rit vakar gyvena rytoj vakar teva seva viu homme zadzwoni pije \
         kawa kawy kolor zielony czerwony rachunek spotkanie pracy prace kava kavu pijem piju nepiju ucet schuzka \
         zaplatit sastanak",
    ),
];
