"""Words of a label that say what pressing it does, or to how much: language knowledge, in this one place.

“Add to cart” does not answer to “cart”, nor “Delete all photos” to “photos”: pressing either does more than was said.
Words that only show something (view, open, see, go to) are no such words. Forms are those that stand on controls:
imperatives, infinitives and nouns of action.
"""

from __future__ import annotations

import unicodedata

from handeye.perception.phrases.wording import normal, plain, stem, words

_VERBS = """
en: accept add approve apply archive assign attach ban block book buy cancel change clear clone close comment
 complete confirm connect copy create cut decline delete deny detach disable discard disconnect dislike dismiss
 donate download drop duplicate edit eject empty enable end erase exit export finish flag follow forget format
 forward generate hide import install invite join kick kill leave like lock log logout make mark merge modify move
 mute order pause pay pin place play post print publish purchase purge put quit rate reboot recover refund register
 reject release remove rename renew reopen repeat replace reply report request resend reserve reset restart restore
 resume retry return revoke run save schedule send set share sign sell start stop submit subscribe suspend swap
 switch sync terminate transfer trash turn unblock undo unfollow uninstall unlock unmute unpin unsubscribe update
 upgrade upload use vote wipe withdraw write
de: abbrechen abmelden abonnieren absagen absenden akzeptieren aktivieren aktualisieren anfragen anlegen anmelden
 annehmen antworten archivieren aufgeben auflösen beantragen bearbeiten beenden beitreten bestellen bestätigen
 bewerten bezahlen blockieren buchen deaktivieren drucken einladen einreichen entfernen ersetzen erstellen
 exportieren folgen freigeben hinzufügen herunterladen hochladen importieren installieren kaufen kopieren kündigen
 leeren löschen melden reservieren schließen senden speichern sperren starten stoppen stornieren teilen umbenennen
 verlassen veröffentlichen verschieben verschicken versenden verwerfen widerrufen zahlen zurücksetzen überweisen
 ändern legen wählen
fr: accepter acheter activer ajouter annuler approuver archiver autoriser bloquer changer commander confirmer copier
 créer déplacer désactiver désinstaller donner effacer enregistrer envoyer exporter fermer importer imprimer
 inscrire installer inviter modifier partager payer publier quitter refuser remplacer renommer répondre réserver
 réinitialiser résilier signaler suivre supprimer télécharger terminer transférer valider vider virer
es: aceptar activar actualizar añadir agregar anular aprobar archivar autorizar bloquear borrar cambiar cancelar
 cerrar comprar compartir confirmar copiar crear desactivar descargar desinstalar editar eliminar enviar exportar
 guardar importar imprimir instalar invitar modificar mover pagar pedir publicar quitar realizar rechazar renombrar
 responder reservar restablecer seguir subir suscribirse transferir vaciar votar
pt: aceitar adicionar alterar apagar aprovar arquivar assinar atualizar baixar bloquear cancelar comprar
 compartilhar partilhar confirmar copiar criar desativar editar eliminar encerrar enviar esvaziar excluir exportar
 fechar finalizar guardar importar imprimir instalar mover pagar publicar recusar remover renomear reservar
 responder salvar seguir transferir votar
it: accetta accettare acquista acquistare aggiorna aggiungi aggiungere annulla annullare approva archivia blocca
 cambia cancella cancellare carica chiudi compra comprare condividi conferma confermare copia crea disattiva elimina
 eliminare esporta importa installa invia inviare invita modifica modificare ordina paga pagare prenota pubblica
 rifiuta rimuovi rimuovere rinomina rispondi salva salvare sblocca scarica scaricare segui sposta stampa svuota
 trasferisci vota
nl: aanpassen accepteren afmelden annuleren archiveren bestellen betalen bevestigen bewaren bewerken blokkeren delen
 downloaden exporteren hernoemen importeren installeren kopen kopiëren legen opslaan opzeggen plaatsen publiceren
 reserveren sluiten stoppen toevoegen uitschakelen verlaten verplaatsen versturen verwijderen verzenden volgen
 weigeren wijzigen wissen
pl: akceptuj anuluj archiwizuj blokuj dodaj edytuj eksportuj kup kupuj kopiuj obserwuj odpowiedz odrzuć opróżnij
 opublikuj pobierz potwierdź prześlij przenieś rezerwuj skasuj udostępnij usuń utwórz wyczyść wyślij zamów zamknij
 zapisz zapłać zatwierdź zmień
tr: ekle gönder güncelle iptal kaldır kaydet kopyala oluştur onayla öde paylaş sil satın taşı temizle yayınla yükle
 indir
ru: добавить заблокировать загрузить закрыть заказать изменить копировать купить обновить оплатить опубликовать
 отклонить отменить отправить ответить очистить перевести переименовать переместить подписаться подтвердить
 поделиться принять редактировать скачать создать сохранить стереть удалить установить
"""
#: To how much a label applies: “Delete all” is more than “Delete”.
_MUCH = """
en: all every everything everyone
de: alle alles
fr: tout tous toute toutes
es: todo todos toda todas
pt: tudo
it: tutto tutti tutte tutta
nl: alles
pl: wszystko wszystkie wszystkich
tr: tümünü hepsini
ru: все всё всех
"""
#: Written without spaces, so these count wherever they stand in a label.
_WITHIN = (
    "削除", "追加", "購入", "注文", "送信", "保存", "変更", "編集", "解約", "退会", "支払", "予約", "共有", "公開",
    "入れる", "キャンセル", "ダウンロード", "アップロード", "返信", "すべて", "全て",
    "删除", "刪除", "添加", "加入", "购买", "購買", "订购", "提交", "发送", "發送", "保存", "取消", "支付", "付款",
    "编辑", "編輯", "回复", "分享", "下载", "上传", "清空", "关闭", "全部", "所有",
    "삭제", "추가", "구매", "주문", "보내기", "저장", "취소", "결제", "수정", "공유", "담기", "모두", "전체",
    "حذف", "إضافة", "شراء", "إرسال", "إلغاء", "دفع", "हटाएं", "जोड़ें", "खरीदें", "भेजें", "भुगतान",
)  # fmt: skip


def _listed(table: str) -> frozenset[str]:
    rows = table.replace(":", " ").split()
    return frozenset(plain(word) for word in rows if len(word) > 2)


_SAY_MORE = _listed(_VERBS) | _listed(_MUCH)


def unexplained(wanted: str, label: str) -> str:
    """The first word of a label that says what it does, or to how much, where what is wanted does not say so.

    Empty where there is none, so that the label may answer to a part of it: “Account settings” to “settings”.
    """
    said = {stem(plain(word)) for word in words(wanted)}
    for word in words(label):
        bare = plain(word)  # with its plural ending: “Orders” is a noun
        if bare in _SAY_MORE and stem(bare) not in said:
            return word
    joined, given = unicodedata.normalize("NFKC", label), normal(wanted)
    return next((word for word in _WITHIN if word in joined and word not in given), "")
