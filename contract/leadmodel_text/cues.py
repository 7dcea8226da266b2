"""Cues of deadlines and pressure in seven languages: a closed class, written down before any message was measured with them.

A sequence is a line of tokens as the tokeniser makes them, "0" for any number; sequences are divided by commas. `calm` holds what denies a
deadline or only looks like one, as "no rush" or "good morning" in a language where morning is tomorrow.
"""

from __future__ import annotations

from leadmodel_text.document import Cue

WEIGHTS = {
    "urgent": 0.6,
    "immediately": 0.55,
    "end_of_day": 0.55,
    "hours": 0.5,
    "today": 0.45,
    "deadline": 0.4,
    "overdue": 0.4,
    "tomorrow": 0.35,
    "calm": 0.0,
}
SEQUENCES = {
    "en": {
        "urgent": "urgent, urgently, asap, a s a p, emergency, as soon as possible, as soon as you can, as quickly as possible, top priority, high priority, critical",
        "immediately": "immediately, right now, right away, straight away, at once, without delay, this minute, this instant, within minutes, within the hour",
        "end_of_day": "end of day, end of the day, end of today, eod, close of business, close of play, cob, end of business, before you close, before closing",
        "hours": "within 0 hours, within 0 hrs, within 0 h, in 0 hours, in the next 0 hours, next 0 hours, within hours, in the next few hours, in an hour, within 0 minutes, in 0 minutes, within the next hour, within a day, within 0 business hours",
        "today": "today, tonight, this morning, this afternoon, this evening, later today, same day",
        "deadline": "deadline, time sensitive, time critical, running out of time, out of time, last day, no time left, before it is too late, time is running out, hard stop",
        "overdue": "overdue, still waiting, still no reply, still no response, still no answer, no reply yet, second reminder, third reminder, final reminder, last reminder, third time, fourth time, how many times, for days, for weeks",
        "tomorrow": "tomorrow, tomorrow morning, by tomorrow, first thing tomorrow, first thing in the morning",
        "calm": "not urgent, not urgently, no rush, no hurry, not in a hurry, no deadline, not immediately, not today, nothing urgent, isn't urgent, whenever you can, when you have time, whenever you have time, take your time, see you tomorrow, talk tomorrow, how are you today, are you doing today, end of day report",
    },
    "de": {
        "urgent": "dringend, dringende, dringender, dringendst, eilig, eilt, asap, so schnell wie möglich, so bald wie möglich, schnellstmöglich, schnellstens, baldmöglichst, höchste priorität, notfall",
        "immediately": "sofort, umgehend, unverzüglich, augenblicklich, auf der stelle, jetzt gleich, noch in dieser minute",
        "end_of_day": "bis ende des tages, ende des tages, bis feierabend, bis zum feierabend, vor feierabend, bis geschäftsschluss, vor geschäftsschluss, bis heute abend",
        "hours": "innerhalb von 0 stunden, innerhalb 0 stunden, in 0 stunden, in den nächsten 0 stunden, in den nächsten stunden, binnen 0 stunden, in einer stunde, innerhalb einer stunde, innerhalb eines tages, in 0 minuten",
        "today": "heute, noch heute, heute abend, heute nachmittag, heute vormittag",
        "deadline": "deadline, frist, die frist, letzter tag, zeitkritisch, die zeit läuft, keine zeit mehr, stichtag",
        "overdue": "überfällig, warte immer noch, warte noch immer, warten immer noch, immer noch keine antwort, noch immer keine antwort, letzte mahnung, letzte erinnerung, zum dritten mal, zum zweiten mal, seit tagen, seit wochen",
        "tomorrow": "morgen, bis morgen, morgen früh, gleich morgen",
        "calm": "nicht dringend, nicht eilig, eilt nicht, keine eile, nicht sofort, nicht heute, guten morgen, am morgen, jeden morgen, lassen sie sich zeit, hat zeit, kein notfall, ohne frist",
    },
    "fr": {
        "urgent": "urgent, urgente, urgence, en urgence, d urgence, au plus vite, au plus tôt, dès que possible, le plus vite possible, le plus rapidement possible, dans les meilleurs délais, asap, priorité absolue",
        "immediately": "immédiatement, tout de suite, sur le champ, sans délai, sans attendre, à l instant, dans l immédiat",
        "end_of_day": "avant la fin de la journée, fin de journée, avant ce soir, d ici ce soir, dans la journée, avant la fermeture",
        "hours": "sous 0 heures, sous 0 h, dans les 0 heures, dans 0 heures, d ici 0 heures, dans l heure, dans une heure, dans les prochaines heures, en moins de 0 heures, dans 0 minutes",
        "today": "aujourd hui, ce soir, cet après midi, ce matin, dès aujourd hui",
        "deadline": "date limite, délai, dernier délai, échéance, dernier jour, deadline, plus le temps",
        "overdue": "toujours pas de réponse, toujours aucune réponse, j attends toujours, nous attendons toujours, dernier rappel, deuxième relance, troisième fois, depuis des jours, depuis des semaines",
        "tomorrow": "demain, demain matin, d ici demain, avant demain, dès demain",
        "calm": "pas urgent, pas d urgence, rien d urgent, pas pressé, pas pressée, rien ne presse, quand vous pourrez, prenez votre temps, à demain, pas aujourd hui, sans urgence",
    },
    "es": {
        "urgent": "urgente, urgentemente, urgencia, con urgencia, urge, lo antes posible, cuanto antes, lo más pronto posible, a la brevedad, asap, máxima prioridad",
        "immediately": "inmediatamente, de inmediato, ahora mismo, enseguida, ya mismo, sin demora, al instante",
        "end_of_day": "final del día, fin del día, antes de que cierren, antes del cierre, antes de esta noche, al terminar el día",
        "hours": "en 0 horas, dentro de 0 horas, en las próximas 0 horas, en las próximas horas, en menos de 0 horas, en una hora, antes de 0 horas, en 0 minutos",
        "today": "hoy, hoy mismo, esta noche, esta tarde",
        "deadline": "fecha límite, plazo, último día, vence, deadline, sin tiempo",
        "overdue": "sigo esperando, seguimos esperando, todavía sin respuesta, aún sin respuesta, sigo sin respuesta, último aviso, tercera vez, segunda vez que, desde hace días, desde hace semanas",
        "tomorrow": "mañana, mañana mismo, para mañana, antes de mañana, mañana por la mañana",
        "calm": "no es urgente, no urge, nada urgente, sin prisa, no hay prisa, no corre prisa, cuando pueda, cuando puedan, hasta mañana, por la mañana, de la mañana, esta mañana, la mañana, no hoy",
    },
    "it": {
        "urgent": "urgente, urgentemente, urgenza, con urgenza, al più presto, il prima possibile, quanto prima, appena possibile, asap, massima priorità",
        "immediately": "immediatamente, subito, adesso, all istante, senza indugio, in questo momento, senza ritardo",
        "end_of_day": "entro fine giornata, fine giornata, entro la fine della giornata, entro stasera, prima di stasera, prima della chiusura, entro la giornata",
        "hours": "entro 0 ore, in 0 ore, nelle prossime 0 ore, nelle prossime ore, entro un ora, in meno di 0 ore, tra 0 ore, entro 0 minuti",
        "today": "oggi, entro oggi, stasera, oggi stesso, oggi pomeriggio",
        "deadline": "scadenza, termine ultimo, data limite, ultimo giorno, scade, deadline, poco tempo",
        "overdue": "sto ancora aspettando, stiamo ancora aspettando, ancora nessuna risposta, nessuna risposta, ultimo sollecito, secondo sollecito, terza volta, da giorni, da settimane",
        "tomorrow": "domani, entro domani, domani mattina, domattina, per domani",
        "calm": "non è urgente, non urgente, niente di urgente, nessuna fretta, non ho fretta, senza fretta, con calma, quando potete, quando può, a domani, non oggi",
    },
    "pt": {
        "urgent": "urgente, urgentemente, urgência, com urgência, o mais rápido possível, o quanto antes, quanto antes, o mais breve possível, assim que possível, asap, prioridade máxima",
        "immediately": "imediatamente, de imediato, agora mesmo, já, sem demora, na hora",
        "end_of_day": "até o fim do dia, até ao fim do dia, fim do dia, final do dia, até hoje à noite, antes de fechar, antes do fecho",
        "hours": "em 0 horas, dentro de 0 horas, nas próximas 0 horas, nas próximas horas, em menos de 0 horas, em uma hora, numa hora, até 0 horas, em 0 minutos",
        "today": "hoje, ainda hoje, esta noite, hoje à noite, esta tarde",
        "deadline": "prazo, data limite, último dia, vence, deadline, sem tempo",
        "overdue": "ainda estou à espera, continuo à espera, ainda estou esperando, continuo esperando, ainda sem resposta, continuo sem resposta, último aviso, terceira vez, há dias, há semanas",
        "tomorrow": "amanhã, amanhã de manhã, para amanhã, antes de amanhã",
        "calm": "não é urgente, não urgente, nada urgente, sem pressa, não tenho pressa, não há pressa, quando puder, quando puderem, até amanhã, até já, já não, hoje não",
    },
    "nl": {
        "urgent": "dringend, dringende, urgent, spoed, met spoed, spoedeisend, zo snel mogelijk, zo spoedig mogelijk, zsm, z s m, asap, hoogste prioriteit, haast",
        "immediately": "onmiddellijk, meteen, direct, per direct, nu meteen, per omgaande, terstond",
        "end_of_day": "voor het einde van de dag, einde van de dag, eind van de dag, voor sluitingstijd, voor vanavond, einde dag",
        "hours": "binnen 0 uur, in 0 uur, de komende 0 uur, de komende uren, binnen een uur, over een uur, binnen een dag, binnen 0 minuten",
        "today": "vandaag, vandaag nog, vanavond, vanmiddag, nog vandaag",
        "deadline": "deadline, uiterste datum, laatste dag, termijn, geen tijd meer, tijd dringt",
        "overdue": "wacht nog steeds, wachten nog steeds, nog steeds geen antwoord, nog geen antwoord, laatste herinnering, tweede herinnering, derde keer, al dagen, al weken",
        "tomorrow": "morgen, morgenochtend, uiterlijk morgen, voor morgen",
        "calm": "niet dringend, niet urgent, geen haast, geen spoed, heeft geen haast, niet meteen, niet vandaag, wanneer u tijd heeft, tot morgen, goede morgen, rustig aan",
    },
}  # fmt: skip


def _cues() -> tuple[Cue, ...]:
    return tuple(
        Cue(name, language, WEIGHTS[name], tuple(tuple(line.split()) for line in lines.split(",")))
        for language, names in SEQUENCES.items()
        for name, lines in names.items()
    )


CUES = _cues()
