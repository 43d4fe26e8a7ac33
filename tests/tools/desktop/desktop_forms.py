"""Forms of several toolkits, for the system's Python: `desktop_forms.py TOOLKIT FILE` writes what is sent to FILE."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

toolkit, file = sys.argv[1], Path(sys.argv[2])
CITIES = ["Oslo", "Lima", "Kyoto", "Quito"]


def write(**values: Any) -> None:
    file.write_text(json.dumps(values))


def gtk(version: str) -> None:
    import gi

    gi.require_version("Gtk", version)
    from gi.repository import Gtk

    new = version == "4.0"

    def build(window: Any) -> None:
        guest, city, late = Gtk.Entry(), Gtk.ComboBoxText(), Gtk.CheckButton(label="Late arrival")
        for each in CITIES:
            city.append_text(each)
        nights, note = Gtk.SpinButton.new_with_range(1, 30, 1), Gtk.TextView(height_request=60)
        send, said = Gtk.Button(label="Send"), Gtk.Label(label="not sent")
        grid, pages, hidden = Gtk.Grid(row_spacing=8, column_spacing=8), Gtk.Notebook(), Gtk.Button(label="Cancel all")
        for row, (label, field) in enumerate([("Guest", guest), ("City", city), ("Nights", nights), ("Note", note)]):
            grid.attach(Gtk.Label(label=label, mnemonic_widget=field), 0, row, 1, 1)
            grid.attach(field, 1, row, 1, 1)
        for row, widget in enumerate((late, send, said), 4):
            grid.attach(widget, 1, row, 1, 1)
        pages.append_page(grid, Gtk.Label(label="Booking"))
        pages.append_page(hidden, Gtk.Label(label="Danger"))

        def sent(*_: object) -> None:
            text = note.get_buffer()
            words = text.get_text(text.get_start_iter(), text.get_end_iter(), True)
            more = {"nights": nights.get_value_as_int(), "note": words}
            write(guest=guest.get_text(), city=city.get_active_text(), late=late.get_active(), **more)
            said.set_text("sent")

        send.connect("clicked", sent)
        window.set_child(pages) if new else window.add(pages)

    if new:
        app = Gtk.Application(application_id="test.booking")

        def start(app: Any) -> None:
            window = Gtk.ApplicationWindow(application=app, title="Booking", default_width=420, default_height=320)
            build(window)
            window.present()

        app.connect("activate", start)
        app.run([])
    else:
        window = Gtk.Window(title="Booking")
        window.connect("destroy", Gtk.main_quit)
        build(window)
        window.show_all()
        Gtk.main()


def qt(version: str) -> None:
    widgets = __import__(f"PyQt{version}.QtWidgets", fromlist=["QApplication"])
    app, window = widgets.QApplication(sys.argv[:1]), widgets.QWidget()
    window.setWindowTitle("Booking")
    form = widgets.QFormLayout(window)
    city, guest, late = widgets.QComboBox(), widgets.QLineEdit(), widgets.QCheckBox("Late arrival")
    nights, note = widgets.QSpinBox(), widgets.QPlainTextEdit()
    city.addItems(["(none)", *CITIES])
    send, said = widgets.QPushButton("Send"), widgets.QLabel("not sent")
    for label, widget in (
        ("City", city),
        ("Guest", guest),
        ("Nights", nights),
        ("Note", note),
        ("", late),
        ("", send),
        ("", said),
    ):
        form.addRow(label, widget)

    def sent() -> None:
        write(
            guest=guest.text(),
            city=city.currentText(),
            late=late.isChecked(),
            nights=nights.value(),
            note=note.toPlainText(),
        )
        said.setText("sent")

    send.clicked.connect(sent)
    window.setGeometry(4, 24, 500, 360)  # over the corner where closed lists are reported
    window.show()
    app.exec()


def rows() -> None:
    """A list of 40,000 rows in a window that is not in the middle; a row is written when it is chosen."""
    import gi

    gi.require_version("Gtk", "3.0")
    from gi.repository import Gtk

    store = Gtk.ListStore(str, str)
    for number in range(40000):
        store.append([f"Lot {number}", f"shelf {number % 7}"])
    tree = Gtk.TreeView(model=store)
    for column, title in enumerate(("Lot", "Place")):
        tree.append_column(Gtk.TreeViewColumn(title, Gtk.CellRendererText(), text=column))

    def chosen(selection: Any) -> None:
        model, at = selection.get_selected()
        file.write_text(model[at][0] if at else "")

    tree.get_selection().connect("changed", chosen)
    scrolled = Gtk.ScrolledWindow()
    scrolled.add(tree)
    window = Gtk.Window(title="Lots")
    window.add(scrolled)
    window.set_default_size(300, 260)
    window.connect("destroy", Gtk.main_quit)
    window.show_all()
    window.move(700, 420)
    Gtk.main()


if toolkit == "rows":
    rows()
else:
    {"gtk": gtk, "qt": qt}[toolkit.split("-")[0]](toolkit.split("-")[1])
