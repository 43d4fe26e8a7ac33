"""What words promise: in many languages, in any form and disguise; and what only sounds so."""

from __future__ import annotations

import re

import pytest

from handeye.policies.guard.risk_words import (
    agrees,
    bin_risk,
    dismisses,
    explains,
    heading_risk,
    label_risk,
    message_risk,
    sign_risk,
    signs,
    wordless,
)

LABELS = """
buy: Purchase|Place my order|Submit your booking|Jetzt kostenpflichtig buchen|Ich kaufe das|Auftrag absenden|
    J’achète|Je passe commande|Validez votre commande|Compre ahora|Realice su pedido|Finalize a compra|
    Encomendar|Acquistalo ora|Completa l’ordine|Купите сейчас|Подтверждаю заказ|Koop|Rond je bestelling af|
    Kupuję i płacę|Złóż zamówienie|Siparişi onayla|Satın alın|今すぐ購入|ご注文を確定|立即購買|提交订单|주문하기
pay: Pay $12.50|Make a donation|Jetzt bezahlen|Zahlung freigeben|Payez|Je règle 20 €|Procéder au paiement|
    Pague aquí|Pagar con tarjeta|Confirmar o pagamento|Paga con PayPal|Conferma il pagamento|Оплатите|
    Внести оплату|Betalen|Bevestig betaling|Zapłać kartą|Ödemeyi tamamla|お支払いを確定する|支払う|付款|결제하기
send: Send it|Resend|Nachricht absenden|Abschicken|Envoyez|J’envoie|Envíe el formulario|Enviem|Invia messaggio|
    Отправь|Отправить письмо|Verstuur bericht|Wyślij|Gönderin|送信する|发送|보내기
delete: Erase all|Empty the bin|Remove my account|Konto löschen|Ich lösche es|Papierkorb leeren|Supprimez|
    Effacer l’historique|Elimine la foto|Borrar todo|Excluir conta|Apague tudo|Elimina definitivamente|
    Удалите файл|Очистить корзину|Verwijder|Usuń konto|Kalıcı olarak silin|削除する|刪除|삭제
publish: Publish now|Post reply|Tweet|Veröffentlichen|Publiez|Publicar|Publique já|Pubblica|Опубликуйте|
    投稿する|发布
transfer: Transfer funds|Withdraw 20|Überweisen|Überweisung bestätigen|Effectuer le virement|Transferir|
    Confirma la transferencia|Fazer transferência|Esegui il bonifico|Перечислить|Przelej|振り込む|转账
install: Install|Uninstall app|Installieren|Désinstaller|Instalar|Installa|Установите|Zainstaluj|インストール
grant: Authorize app|Allow access|Erlauben|Autoriser|Autorice|Autorizar|Autorizza|Разрешить|許可する|授权
"""


@pytest.mark.parametrize("row", re.split(r"\n(?=\S)", LABELS.strip()))
def test_what_a_label_promises_in_any_language(row: str) -> None:
    kind, _, listed = row.partition(": ")
    labels = "".join(line.strip() for line in listed.splitlines())
    missed = {label: found for label in labels.split("|") if (found := label_risk(label)) is None}
    assert not missed
    kinds = {label: found.kind for label in labels.split("|") if (found := label_risk(label))}
    other = {"buy": {"pay", "send"}, "pay": {"buy"}}.get(kind, set())
    assert {label: each for label, each in kinds.items() if each not in {kind, *other}} == {}


@pytest.mark.parametrize(
    "label",
    ["ВUY", "ΡΑΥ", "Ｐａｙ", "p\u200bay", "Рау nоw", "S\u0336end", "𝐃𝐞𝐥𝐞𝐭𝐞", "D E L E T E", "p.a.y", "lnstall",
     "B\u00aduy now",
     "\u202ePay\u202c", "ЅEND", "Ꭰelete", "УДAЛИTЬ", "Lӧschen", "ＳＵＰＰＲＩＭＥＲ", "ΑCHETER", "購\u200b入"],
)  # fmt: skip
def test_a_disguise_changes_nothing(label: str) -> None:
    assert label_risk(label)


HARMLESS = """
Payments overview|Sender|Orders|Order #5512|My purchases|Post office|Shipping address|Sent items|Deleted|
Undelete|Page 2|Next page|Done|Add to cart|Checkout|Sort by price|John Doe|Latest posts|Subscribers|
Meine Bestellungen|Gesendet|Gelöschte Elemente|Zahlungsarten|Lieferadresse|Bereits bezahlt|In den Warenkorb|
Mes commandes|Éléments supprimés|Moyens de paiement|Ajouter au panier|Mis pedidos|Métodos de pago|Enviados|
Meus pedidos|Formas de pagamento|Itens excluídos|I miei ordini|Foto eliminate|Metodi di pagamento|Мои заказы|
Способы оплаты|Удалённые|Mijn bestellingen|Verwijderde items|Zamówienia|Sposoby płatności|Siparişlerim|
Ödeme yöntemleri|購入履歴|注文履歴|支払い方法|送信済み|购买记录|支付方式|已删除|주문 내역|결제 수단
"""


@pytest.mark.parametrize("label", HARMLESS.replace("\n", "").split("|"))
def test_what_only_names_a_place_is_harmless(label: str) -> None:
    assert label_risk(label) is None


def test_messages_ask_and_say_what_will_be_gone() -> None:
    questions = [
        "Delete all photos?",
        "Your account will be erased.",
        "You are about to send 50 € to Bob.",
        "¿Eliminar 3 fotos?",
    ]
    questions += [
        "Die Dateien werden unwiderruflich gelöscht.",
        "Ces messages seront supprimés.",
        "Удалить навсегда?",
        "削除しますか？",
    ]
    questions += ["This cannot be undone.", "Your card will be charged $5.", "Möchten Sie 50 € überweisen?"]
    assert [text for text in questions if message_risk(text) is None] == []
    calm = [
        "We use cookies to send you offers.",
        "Where should we send it?",
        "Log out?",
        "Saved.",
        "Welcome back, Ada!",
    ]
    assert [text for text in calm if message_risk(text)] == []
    assert heading_risk("Delete account")
    assert heading_risk("How to delete an account") is None


def test_signs_and_names_of_icons() -> None:
    for text, kind in (("🗑️", "delete"), ("🚮", "delete"), ("✉", "send"), ("💳", "pay"), ("💸", "pay")):
        found = sign_risk(signs(text))
        assert found
        assert found.kind == kind
    for code in ("btnDeleteRow", "fa fa-trash-o", "icon_trash", "bi-trash3", "/static/delete.svg", "paper-plane"):
        assert sign_risk(code), code
    for code in ("icon-close", "chevron-right", "hamburger", "menu", "cabinet", "trashed-out-loud"):
        assert sign_risk(code) is None or code.startswith("trash"), code
    assert [wordless(text) for text in ("×", "", "🗑", "\ue872", "OK")] == [True, True, True, True, False]
    assert all(map(bin_risk, ("Papierkorb", "Recycle Bin", "ゴミ箱")))
    assert bin_risk("Robin") is None


def test_what_agrees_and_what_does_not() -> None:
    assert all(map(agrees, ["OK", "Yes", "Weiter", "Oui", "Aceptar", "Да", "はい", "确定", "Tak", "Evet"]))
    assert not any(map(agrees, ["Search", "Close", "Okay Corral Hotel", "Notes"]))
    assert all(map(dismisses, ["Cancel", "No, thanks", "Nein", "Annuler", "いいえ", "Отмена", "Keep my photos"]))
    assert not any(map(dismisses, ["OK", "Close account", "Normal view", "Delete"]))
    assert [explains(text) for text in ("How to delete a file", "Payment history", "Delete file")] == [
        True,
        True,
        False,
    ]
