"""Words that the tokeniser treats by name: those that stay although they begin with a capital, and those that belong to names, dates and streets.

A capital inside a sentence hides a word, because redaction may have taken the word for a name. These lists are closed: words of
grammar, greetings, weekdays and what a business letter in German is made of. No word here is a usual name of a person.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = (
    "about access according account actually after again all almost already also although always am an and another any anybody anyone anything are as "
    "at back be because been before below best better between both but by call can cannot could couldn't dear despite did didn't do does doesn't don't "
    "done during each either enough even every everybody everyone everything few first five following for forget four from further get give go good "
    "got had half has hasn't have haven't he hello help her here hey hi his how however if in instead interested is isn't it its just kind kindly last "
    "late later least less let like looking lots make many maybe me might mine more morning most much must my need neither never next no nobody none nor not "
    "nothing now of off often ok okay old on once one only open or order other our ours out over per perhaps please pls possible put quite rather "
    "re really regarding regards right same second see send several shall she should since sir sirs madam so some somebody someone something soon sorry "
    "still stop such tell than thank thanks that that's the their them then there these they thing third this those though three through thus thx till to "
    "today together tomorrow tonight too twice two under unfortunately unless until up upon urgent us very via was wasn't we were weren't what when "
    "where whether which while who whom whose why with within without won't would wouldn't yes yesterday yet you your yours afternoon evening night "
    "asap attention cheers greetings team hiya congratulations mr mrs ms dr vat pdf crm api id ip po"
)
_GERMAN = (
    "aber alle als also am an auch auf aus bei beim bitte bis da damit danke dann das dass dein deine dem den denn der des dich die dies diese "
    "diesem diesen dieser dir doch du durch ein eine einem einen einer eines er es etwas euch euer eure frau für gern gerne gibt gut gute guten "
    "guter habe haben hallo hat hatte herr herrn hier hätte ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ist ja jede jeder jetzt kann kein "
    "keine keinen könnte könnten können leider lieber liebe man mein meine meinem meinen meiner mich mir mit moin muss möchte möchten nach nein nicht "
    "nichts noch nun nur ob oder ohne schon sehr sehr geehrte geehrter sein seine seit seitdem servus sich sie sind so sofort sollte sondern tschüss um "
    "und uns unser unsere unserem unseren unter vielen viele vielleicht vom von vor wann warum was wegen weil welche welcher wenn wer werden wie wieder wieso "
    "wir wird wo wurde wurden während würde würden zu zum zur zwei über heute morgen gestern damen herren grüße grüßen gruß "
    "angebot angebote anfrage angelegenheit anmeldung ansprechpartner antrag antwort anzahl artikel auftrag auskunft beratung bericht beschwerde "
    "bestellung betrag betrieb betriebsferien datei daten datum dank demo einladung ende entschuldigung erstattung fall fehler fehlermeldung firma "
    "frage fragen funktion garantie gebühr gebühren geld gerät gespräch geschäftsführer gutschein gutschrift handbuch hilfe hinweis information "
    "informationen interesse jahr jahre kalender karte kauf konditionen konto kontakt kosten kunden kündigung lager leistung lieferung lizenz "
    "lizenzen login mail mitarbeiter mitarbeitern monat monate monaten monats nachricht nutzer nummer paket passwort plan preise preisen "
    "preisliste problem probleme produkt produkte programm projekt prozent rabatt rechnung rechnungen rückerstattung rückgabe rückmeldung rückruf schnittstelle server "
    "service seite software stelle stunde stunden support system tag tage tagen telefon termin test uhr unterlagen unternehmen update "
    "verbindung vertrag vertrags version vertreter voraus vorschlag webinar website woche wochen zahlung zeit zugang zugriff"
)
_FRENCH = (
    "ah au aucun aucune aussi avant avec avez avons bien bonjour bonsoir car ce cela ces cet cette chez combien comme comment cordialement dans de depuis "
    "des dois donc du elle elles en encore est et faut ici il ils je jamais jour jours la le les leur leurs lors lorsque ma madame mais merci mes "
    "moi mon monsieur ne nos notre nous on ont ou où par parce pas plus pour pourquoi pourriez pouvez puis puisque qu quand que quel quelle quelles quels "
    "qui quoi sa salut sans ses si son sont sous suite sur ta tes toujours tous tout toute toutes très un une urgent veuillez voici voilà vos votre vous "
    "demain hier aujourd hui impossible"
)
_SPANISH = (
    "adiós ahora al algo algún alguna antes aquí así aunque ayer bien buen buena buenas bueno buenos cada cómo como con cuando cuándo cuanto cuánto "
    "de del desde dónde donde el ella ellos en entonces era es esa ese eso esta está estamos están estas este esto estos estoy favor fue gracias ha "
    "hace han hasta hay he hola hoy la las le les lo los mañana me mi mis muchas mucho muy más nada necesito necesitamos ni no nos nosotros nuestra "
    "nuestro nunca otra otro para pero podría podrían podemos por porque pueden puedo pues que qué querría queremos quién quien quiero quisiera se según "
    "ser si sí sin sobre solo somos son soy su sus también tampoco tenemos tengo tiene todo todos tras tu tus un una urgente usted ustedes ya yo "
    "atentamente saludos señor señora señores estimado estimada estimados"
)
_ITALIAN = (
    "abbiamo ad adesso al alla alle allora anche ancora appena avete buona buonasera buongiorno che chi ci ciao come con cosa così da dal dalla del della "
    "delle di dopo domani dove dovrei due ed era essere fa fino fra già gli grazie ha hanno ho ieri il in invece io la le lei li lo loro ma "
    "mi mio molto nei nel nella nessuno niente no noi non nostra nostro oggi ogni oppure per perché perciò però più poi posso possiamo potete "
    "potrebbe prego prima purtroppo qual quale quali quando quanto quanti quella quello questa questo qui salve scusate se sei senza si siamo siete solo "
    "sono sta stato su sua sul sulla suo tra tutti tutto un una uno urgente va vi voglio vogliamo vorrei vorremmo vostra vostro saluti signor signora spettabile"
)
_DUTCH = (
    "aan al alle als alvast bedankt beste bij bent daar dag dan dank dat de deze die dit doen door een eens en er geachte geen goed goede goedemiddag "
    "goedemorgen goedenavond graag groet groeten had heb hebben hebt heeft heel helaas hem het hier hij hoe hoeveel hoi hun ik in is ja jammer je jij jou "
    "jouw jullie kan kunnen kunt maar mag me meer met mij mijn mijne moet moeten morgen na naar nee niet niets nog nu of om onder ons onze ook op over "
    "sinds te tot uit uw van vanaf vandaag veel voor vraag waar waarom wanneer want was wat we wel welke werd wie wij wil willen worden wordt zal ze zeer "
    "zijn zo zonder zou zouden gisteren mevrouw meneer"
)
_PORTUGUESE = (
    "agora ainda alguém algum alguma amanhã antes ao aos aqui as assim até boa boas bom com como da das de desde do dos ela ele eles em então era "
    "essa esse esta está estamos estão este estou eu favor foi fora há hoje isso isto já lhe mais mas me mesmo meu meus minha minhas muita muito na nada "
    "nas nem no nos nossa nosso nunca não obrigada obrigado olá onde ontem os ou para pela pelo podem pode podemos poderia por porque posso precisamos "
    "preciso prezado prezada prezados qual quando quanto que quem queremos queria quero se sem ser seu seus sim sobre somos sou sua também tem temos tenho "
    "todos tudo um uma urgente você vocês senhor senhora cumprimentos atenciosamente"
)
_DAYS = (
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays montag dienstag mittwoch "
    "donnerstag freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado lunedì martedì "
    "mercoledì giovedì venerdì sabato maandag dinsdag woensdag donderdag vrijdag zaterdag zondag segunda terça quarta quinta sexta "
    "weihnachten ostern internet"
)
# Words that keep their meaning with a capital inside a sentence.
KEPT = _words(f"{_ENGLISH} {_GERMAN} {_FRENCH} {_SPANISH} {_ITALIAN} {_DUTCH} {_PORTUGUESE} {_DAYS}")
# What follows these words in German is a noun, not a name.
DETERMINERS = _words(
    "der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner unser unsere unseren unserem unserer ihre ihren ihrem ihrer "
    "kein keine keinen keinem keiner deine deinen deinem deiner eure euren diese dieser diesen diesem dieses jede jeder jeden jedem jedes welche welcher "
    "welchen welches zum zur vom beim ins ans"
)
# Words before or between the parts of names: they go with the name.
PARTICLES = _words(
    "van von der den de da di du del della dello la las le les los el al bin ben ibn dos das zu zur ter ten y e st mr mrs ms miss dr prof herr herrn frau "
    "monsieur madame mme señor señora sr sra signor signora sig mevrouw meneer dhr senhor senhora"
)
STREETS = _words(
    "rue avenue av bd boulevard place chemin allée allee impasse quai route cours square calle avenida avda plaza paseo ronda camino via viale piazza corso "
    "largo vicolo strada rua travessa praça"
)
JOINTS = frozenset(["of", "the"])
CLOSING_STREETS = _words("street avenue boulevard road lane ave blvd rd")
MONTHS = _words(
    "january february april june july august september october november december januar februar märz juni juli oktober dezember janvier février avril juin "
    "juillet août septembre octobre novembre décembre enero febrero marzo abril junio julio agosto septiembre octubre noviembre diciembre gennaio "
    "febbraio aprile maggio giugno luglio settembre ottobre dicembre januari februari maart augustus janeiro fevereiro março maio junho julho setembro "
    "outubro novembro dezembro"
)
# Months that are words of another kind, too: they are a date only between two numbers.
DOUBTFUL_MONTHS = _words("may march mars mai mayo mei mar jan feb apr jun jul aug sep sept oct nov dec")
STREET_ENDINGS = (
    "straße", "strasse", "str", "weg", "platz", "allee", "gasse", "damm", "ufer", "chaussee", "stieg", "pfad", "straat", "laan", "plein",
    "gracht", "kade", "dreef",
)  # fmt: skip
# A full stop behind these words ends no sentence.
ABBREVIATIONS = _words(
    "mr mrs ms dr prof st sr sra hr fr rd ave blvd ln ct pl sq apt ste av bd tel dhr sig mme"
)
