"""The words on generated screens, in several languages with Latin script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


#: What buttons, tabs and links say.
ACTIONS: dict[str, tuple[str, ...]] = {
    "en": _words(
        "Save|Cancel|OK|Apply|Close|Open|Delete|Remove|Edit|Send|Reply|Forward|Search|Find|Next|Back|Continue|Submit"
        "|Sign in|Log in|Log out|Sign up|Register|Download|Upload|Print|Share|Copy|Paste|Undo|Redo|Add|New|Create"
        "|Rename|Move|Refresh|Retry|Stop|Start|Pause|Play|Record|Help|About|Settings|Preferences|Profile|Account"
        "|Add to cart|Buy now|Check out|Pay|Order|Subscribe|Follow|Like|Comment|Publish|Preview|Import|Export"
        "|Select all|Clear|Reset|Filter|Sort|More|Less|Show all|Hide|View details|Learn more|Read more|Get started"
        "|Try again|Accept|Decline|Agree|Confirm|Allow|Block|Archive|Restore|Install|Update|Upgrade|Connect|Disconnect"
        "|Invite|Join|Leave|Book|Reserve|Compare|Done|Finish|Skip|Save as|Save draft|Discard|Enable|Disable|Test"
    ),
    "de": _words(
        "Speichern|Abbrechen|Schließen|Öffnen|Löschen|Bearbeiten|Senden|Antworten|Suchen|Weiter|Zurück|Anmelden"
        "|Abmelden|Herunterladen|Hochladen|Drucken|Teilen|Kopieren|Einfügen|Hinzufügen|Neu|Umbenennen|Hilfe"
        "|Einstellungen|In den Warenkorb|Bezahlen|Bestätigen|Ablehnen|Zulassen|Übernehmen|Fertig"
    ),
    "fr": _words(
        "Enregistrer|Annuler|Fermer|Ouvrir|Supprimer|Modifier|Envoyer|Répondre|Rechercher|Suivant|Précédent"
        "|Se connecter|Se déconnecter|Télécharger|Imprimer|Partager|Copier|Coller|Ajouter|Nouveau|Renommer|Aide"
        "|Paramètres|Ajouter au panier|Payer|Confirmer|Refuser|Autoriser|Appliquer|Voir plus|Terminé"
    ),
    "es": _words(
        "Guardar|Cancelar|Cerrar|Abrir|Eliminar|Editar|Enviar|Responder|Buscar|Siguiente|Atrás|Iniciar sesión"
        "|Cerrar sesión|Descargar|Subir|Imprimir|Compartir|Copiar|Pegar|Añadir|Nuevo|Renombrar|Ayuda|Ajustes"
        "|Añadir al carrito|Pagar|Confirmar|Rechazar|Permitir|Aplicar|Ver más|Listo"
    ),
    "it": _words(
        "Salva|Annulla|Chiudi|Apri|Elimina|Modifica|Invia|Rispondi|Cerca|Avanti|Indietro|Accedi|Esci|Scarica|Carica"
        "|Stampa|Condividi|Copia|Incolla|Aggiungi|Nuovo|Rinomina|Aiuto|Impostazioni|Paga|Conferma|Rifiuta|Più"
    ),
    "pt": _words(
        "Salvar|Cancelar|Fechar|Abrir|Excluir|Editar|Enviar|Responder|Buscar|Próximo|Voltar|Entrar|Sair|Baixar"
        "|Imprimir|Compartilhar|Copiar|Colar|Adicionar|Novo|Renomear|Ajuda|Configurações|Pagar|Confirmar|Não"
    ),
    "nl": _words(
        "Opslaan|Annuleren|Sluiten|Openen|Verwijderen|Bewerken|Verzenden|Zoeken|Volgende|Vorige|Inloggen|Uitloggen"
        "|Downloaden|Afdrukken|Delen|Kopiëren|Plakken|Toevoegen|Nieuw|Hulp|Instellingen|Betalen|Bevestigen"
    ),
    "sv": _words(
        "Spara|Avbryt|Stäng|Öppna|Ta bort|Redigera|Skicka|Svara|Sök|Nästa|Tillbaka|Logga in|Logga ut|Hämta|Skriv ut"
        "|Dela|Kopiera|Klistra in|Lägg till|Ny|Hjälp|Inställningar|Betala|Bekräfta|Avvisa|Visa fler|Klar"
    ),
}
#: What headings, menu entries, columns and rows say.
THINGS: dict[str, tuple[str, ...]] = {
    "en": _words(
        "Inbox|Drafts|Sent|Spam|Trash|Projects|Tasks|Calendar|Contacts|Messages|Notes|Photos|Music|Videos|Documents"
        "|Downloads|Pictures|Desktop|Recent|Favourites|Shared|Team|Reports|Invoices|Orders|Products|Customers|Stock"
        "|Payments|Delivery|Returns|Security|Privacy|Notifications|Language|Appearance|Keyboard|Network|Storage"
        "|Backups|Updates|Users|Roles|Billing|Plans|Overview|Dashboard|Activity|History|Statistics|Analytics|Events"
        "|Lamp|Chair|Table|Bottle|Backpack|Notebook|Headphones|Kettle|Blanket|Clock|Plant|Mirror|Shelf|Basket|Mug"
        "|Weather|News|Maps|Travel|Hotels|Flights|Recipes|Fitness|Budget|Savings|Quarterly report|Meeting notes"
        "|Shopping list|Travel plan|Release notes|Summer sale|Home page|Sales figures|Open issues|Road map"
    ),
    "de": _words(
        "Posteingang|Entwürfe|Projekte|Aufgaben|Kalender|Kontakte|Rechnungen|Bestellungen|Kunden|Übersicht|Größe"
        "|Lieferung|Sicherheit|Sprache|Speicher|Benutzer|Verlauf|Bücher|Lampe|Stuhl|Rucksack|Wetter|Reisen"
    ),
    "fr": _words(
        "Réception|Brouillons|Projets|Tâches|Calendrier|Contacts|Factures|Commandes|Clients|Aperçu|Livraison"
        "|Sécurité|Langue|Stockage|Utilisateurs|Historique|Lampe|Chaise|Bouteille|Météo|Voyages"
    ),
    "es": _words(
        "Bandeja|Borradores|Proyectos|Tareas|Calendario|Contactos|Facturas|Pedidos|Clientes|Resumen|Envío"
        "|Seguridad|Idioma|Usuarios|Historial|Lámpara|Silla|Botella|Tiempo|Viajes|Año|Montañas"
    ),
    "it": _words(
        "Posta|Bozze|Progetti|Attività|Calendario|Contatti|Fatture|Ordini|Clienti|Panoramica|Consegna"
        "|Sicurezza|Lingua|Utenti|Cronologia|Lampada|Sedia|Bottiglia|Meteo|Viaggi|Città"
    ),
    "pt": _words(
        "Entrada|Rascunhos|Projetos|Tarefas|Calendário|Contatos|Faturas|Pedidos|Clientes|Resumo|Envio"
        "|Segurança|Idioma|Usuários|Histórico|Lâmpada|Cadeira|Garrafa|Tempo|Viagens|Ações"
    ),
    "nl": _words(
        "Postvak|Concepten|Projecten|Taken|Agenda|Contacten|Facturen|Bestellingen|Klanten|Overzicht"
        "|Levering|Beveiliging|Taal|Gebruikers|Geschiedenis|Lamp|Stoel|Fles|Weer|Reizen"
    ),
    "sv": _words(
        "Inkorg|Utkast|Projekt|Uppgifter|Kalender|Kontakter|Fakturor|Beställningar|Kunder|Översikt|Leverans"
        "|Säkerhet|Språk|Användare|Historik|Lampa|Stol|Flaska|Väder|Resor"
    ),
}
#: What fields ask for.
FIELDS: dict[str, tuple[str, ...]] = {
    "en": _words(
        "Email|Password|User name|First name|Last name|Phone|Street|City|Postcode|Country|Company|Subject"
        "|Message|Card number|Date|Time|Amount|Quantity|Title|Description|Web address|File name|Search"
    ),
    "de": _words("E-Mail|Passwort|Vorname|Nachname|Telefon|Straße|Ort|Land|Firma|Betreff|Nachricht|Datum|Menge"),
    "fr": _words("E-mail|Mot de passe|Prénom|Nom|Téléphone|Rue|Ville|Pays|Société|Objet|Message|Date|Quantité"),
    "es": _words("Correo|Contraseña|Nombre|Apellido|Teléfono|Calle|Ciudad|País|Empresa|Asunto|Mensaje|Fecha"),
    "it": _words("Email|Password|Nome|Cognome|Telefono|Via|Città|Paese|Azienda|Oggetto|Messaggio|Data|Quantità"),
    "pt": _words("E-mail|Senha|Nome|Sobrenome|Telefone|Rua|Cidade|País|Empresa|Assunto|Mensagem|Data"),
    "nl": _words("E-mail|Wachtwoord|Voornaam|Achternaam|Telefoon|Straat|Plaats|Land|Bedrijf|Onderwerp|Datum"),
    "sv": _words("E-post|Lösenord|Förnamn|Efternamn|Telefon|Gata|Ort|Land|Företag|Ämne|Meddelande|Datum"),
}
#: What checkboxes and switches offer.
CHOICES: dict[str, tuple[str, ...]] = {
    "en": _words(
        "Remember me|Keep me signed in|I agree to the terms|Send me news|Dark mode|Notifications|Sound"
        "|Show hidden files|Gift wrap|Express delivery|Airplane mode|Bluetooth|Automatic updates|Private"
        "|Wrap lines|Spell check|Show grid|Snap to grid|Full screen|Only in stock"
    ),
    "de": _words("Angemeldet bleiben|Ich stimme zu|Dunkler Modus|Ton|Automatisch|Geschenkverpackung|Privat"),
    "fr": _words("Se souvenir de moi|J’accepte|Mode sombre|Son|Automatique|Paquet cadeau|Privé"),
    "es": _words("Recordarme|Acepto|Modo oscuro|Sonido|Automático|Papel de regalo|Privado"),
    "it": _words("Ricordami|Accetto|Tema scuro|Suono|Automatico|Confezione regalo|Privato"),
    "pt": _words("Lembrar de mim|Aceito|Modo escuro|Som|Automático|Embrulhar|Privado"),
    "nl": _words("Onthoud mij|Ik ga akkoord|Donkere modus|Geluid|Automatisch|Cadeaupapier|Privé"),
    "sv": _words("Kom ihåg mig|Jag godkänner|Mörkt läge|Ljud|Automatiskt|Slå in|Privat"),
}
LANGUAGES = tuple(ACTIONS)
_INVENTED = 0.2
_SYLLABLES = _words(
    "ba|be|bro|ca|cho|cle|da|dri|du|e|fa|fle|fo|ga|gri|gu|ha|hi|i|ja|je|ka|klo|ku|la|lin|lo|ma|mer|mi|na|ni|nox|o|pa|pen"
    "|plu|qua|ra|ris|ro|sa|ste|shu|ta|tor|tri|u|va|vel|vi|wa|wen|wi|xa|ya|yo|za|zel|zu|th|ck|st|ng|rd|lt"
)

PEOPLE = _words(
    "Ada Berg|Ben Costa|Clara Diaz|David Ek|Elena Fox|Felix Gruber|Greta Holm|Hugo Ito|Ines Jansen|Jonas Kim|Klara Lund"
    "|Liam Moreau|Mia Novak|Noah Olsen|Olga Petit|Paul Quist|Rosa Silva|Sven Thiel|Tara Urban|Uma Vidal|Zoe Weiss"
)
#: For sentences of running text.
FILLING = _words(
    "the|a|this|every|our|your|some|small|large|quiet|early|late|next|last|open|new|old|green|first|page|screen|window"
    "|order|letter|picture|morning|evening|team|house|garden|road|river|table|list|shows|holds|keeps|sends|needs|finds"
    "|makes|takes|begins|ends|with|without|from|under|over|after|before|near|and|or|but|here|today|now|again|soon"
)


def pick(rng: Random, kind: dict[str, tuple[str, ...]], language: str) -> str:
    """Return a word of a kind; sometimes an invented one, so that a model reads letters instead of guessing words."""
    return invented(rng) if rng.random() < _INVENTED else rng.choice(kind[language])


def invented(rng: Random) -> str:
    """One or two words made of syllables."""
    made = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 3))) for _ in range(rng.choice((1, 1, 2)))]
    return " ".join(made).capitalize()


def sentence(rng: Random, most: int = 9) -> str:
    """Some words in a row, with a capital and a full stop."""
    words = rng.choices(FILLING, k=rng.randint(3, max(3, most)))
    if rng.random() < _INVENTED:
        words[rng.randrange(len(words))] = invented(rng)
    return " ".join(words).capitalize() + "."


def value(rng: Random) -> str:
    """What stands in a cell: a price, a date, a number, a code, a person."""
    kind = rng.randrange(6)
    if kind == 0:
        return f"{rng.choice(('$', 'EUR ', 'kr '))}{rng.randint(1, 999)}.{rng.randint(0, 99):02d}"
    if kind == 1:
        return f"{rng.randint(2019, 2031)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    if kind == 2:
        return str(rng.randint(1, 9999))
    if kind == 3:
        return f"{rng.choice('ABCDEFGHKLMNPRSTX')}{rng.choice('ABCDEFGHKLMNPRSTX')}-{rng.randint(100, 9999)}"
    if kind == 4:
        return f"{rng.randint(1, 23)}:{rng.randint(0, 59):02d}"
    return rng.choice(PEOPLE)
