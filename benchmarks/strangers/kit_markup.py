"""Component markup of kits that ship no example pages, from the documentation of each kit."""

# ruff: noqa: E501 - markup reads better unbroken

from __future__ import annotations

from benchmarks.strangers.page_builder import Markup, icon_table

_LINK = '<a href="#x">{0}</a>'
_LABELLED = "<label for={id}>{0}</label>"
_PLAIN_TABLE = "<table style='width: 100%'>"

BOOTSTRAP = Markup(
    head='<link rel=stylesheet href="/pkg/bootstrap/dist/css/bootstrap.min.css">'
    '<link rel=stylesheet href="/pkg/bootstrap-icons/font/bootstrap-icons.css">',
    icons=icon_table(
        "trash search gear bell house person envelope calendar heart star list x-lg plus-lg check-lg pencil download "
        "upload share link-45deg lock cart camera image arrow-clockwise printer floppy folder file-earmark copy funnel "
        "eye info-circle question-circle globe clock chat paperclip three-dots"
    ),
    icon='<i class="bi bi-{0}"></i>',
    button="<button type=button class='btn btn-outline-secondary'>{0}</button>",
    primary="<button type=button class='btn btn-primary'>{0}</button>",
    icon_button="<button type=button class='btn btn-light' aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<ul class='nav nav-pills flex-column'>{0}</ul>",
    nav_entry="<li class=nav-item><a class='nav-link{on}' href='#'>{icon}{0}</a></li>",
    field="<label class=form-label for={id}>{0}</label><input class=form-control id={id} type={type} placeholder='{hint}'>",
    area="<label class=form-label for={id}>{0}</label><textarea class=form-control id={id}></textarea>",
    select="<label class=form-label for={id}>{0}</label><select class=form-select id={id}>{options}</select>",
    checkbox="<div class=form-check><input class=form-check-input type=checkbox id={id}>"
    "<label class=form-check-label for={id}>{0}</label></div>",
    radio="<div class=form-check><input class=form-check-input type=radio name=r id={id}>"
    "<label class=form-check-label for={id}>{0}</label></div>",
    switch="<div class='form-check form-switch'><input class=form-check-input type=checkbox role=switch id={id}>"
    "<label class=form-check-label for={id}>{0}</label></div>",
    slider="<label class=form-label for={id}>{0}</label><input type=range class=form-range id={id}>",
    card="<div class=card><div class=card-header>{0}</div><div class=card-body>{body}</div></div>",
    table="<table class='table table-striped'>",
    alert="<div class='alert alert-warning' role=alert>{0}</div>",
    tabs="<ul class='nav nav-tabs' role=tablist>{0}</ul>",
    tab="<li class=nav-item><button class='nav-link{on}' role=tab>{0}</button></li>",
)

TABLER = Markup(
    head='<link rel=stylesheet href="/pkg/@tabler/core/dist/css/tabler.min.css">'
    '<link rel=stylesheet href="/pkg/@tabler/icons-webfont/dist/tabler-icons.min.css">',
    icons=icon_table(
        "trash search settings bell home user mail calendar heart star menu-2 x plus check pencil download upload share "
        "link lock shopping-cart camera photo refresh printer device-floppy folder file copy filter eye info-circle "
        "help-circle world clock message paperclip dots"
    ),
    icon='<i class="ti ti-{0}" style="font-size: 20px"></i>',
    button="<button type=button class=btn>{0}</button>",
    primary="<button type=button class='btn btn-primary'>{0}</button>",
    icon_button="<button type=button class='btn btn-icon' aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<div class='list-group list-group-transparent'>{0}</div>",
    nav_entry="<a href='#' class='list-group-item list-group-item-action d-flex align-items-center{on}'>{icon}{0}</a>",
    field="<label class=form-label for={id}>{0}</label><input class=form-control id={id} type={type} placeholder='{hint}'>",
    area="<label class=form-label for={id}>{0}</label><textarea class=form-control id={id}></textarea>",
    select="<label class=form-label for={id}>{0}</label><select class=form-select id={id}>{options}</select>",
    checkbox="<label class=form-check><input class=form-check-input type=checkbox>"
    "<span class=form-check-label>{0}</span></label>",
    radio="<label class=form-check><input class=form-check-input type=radio name=r>"
    "<span class=form-check-label>{0}</span></label>",
    switch="<label class='form-check form-switch'><input class=form-check-input type=checkbox role=switch>"
    "<span class=form-check-label>{0}</span></label>",
    slider="<label class=form-label for={id}>{0}</label><input type=range class=form-range id={id}>",
    card="<div class=card><div class=card-header><h3 class=card-title>{0}</h3></div><div class=card-body>{body}</div></div>",
    table="<table class='table table-vcenter card-table'>",
    alert="<div class='alert alert-info' role=alert>{0}</div>",
    tabs="<ul class='nav nav-tabs' role=tablist>{0}</ul>",
    tab="<li class=nav-item><a href='#' class='nav-link{on}' role=tab>{0}</a></li>",
)

MATERIAL = Markup(
    head='<link rel=stylesheet href="/pkg/material-components-web/dist/material-components-web.min.css">'
    '<link rel=stylesheet href="/pkg/material-icons/iconfont/material-icons.css">'
    "<style>body { font-family: Roboto, sans-serif; margin: 0 } .mdc-text-field { width: 100% }</style>",
    icons=icon_table(
        "delete search settings notifications home person mail event favorite star menu close add check edit download "
        "upload share link lock shopping_cart photo_camera image refresh print save folder description content_copy "
        "filter_alt visibility info help language schedule chat attach_file more_horiz"
    ),
    icon="<span class=material-icons>{0}</span>",
    button="<button class='mdc-button mdc-button--outlined'><span class=mdc-button__label>{0}</span></button>",
    primary="<button class='mdc-button mdc-button--raised'><span class=mdc-button__label>{0}</span></button>",
    icon_button="<button class=mdc-icon-button aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<nav class=mdc-list>{0}</nav>",
    nav_entry="<a href='#' class='mdc-list-item mdc-list-item--with-one-line'>{icon}"
    "<span class=mdc-list-item__text>{0}</span></a>",
    field="<label class='mdc-text-field mdc-text-field--outlined mdc-text-field--no-label'>"
    "<span class='mdc-notched-outline mdc-notched-outline--no-label'><span class=mdc-notched-outline__leading></span>"
    "<span class=mdc-notched-outline__trailing></span></span>"
    "<input class=mdc-text-field__input type={type} placeholder='{0}' aria-label='{0}'></label>",
    area="<textarea aria-label='{0}' placeholder='{0}'></textarea>",
    select="<label>{0}<br><select style='padding: 12px; width: 100%'>{options}</select></label>",
    checkbox="<div class=mdc-form-field><div class=mdc-checkbox><input type=checkbox class=mdc-checkbox__native-control id={id}>"
    "<div class=mdc-checkbox__background></div></div><label for={id}>{0}</label></div>",
    radio="<div class=mdc-form-field><div class=mdc-radio><input class=mdc-radio__native-control type=radio name=r id={id}>"
    "<div class=mdc-radio__background><div class=mdc-radio__outer-circle></div><div class=mdc-radio__inner-circle></div></div>"
    "</div><label for={id}>{0}</label></div>",
    switch="<label><input type=checkbox role=switch> {0}</label>",
    slider="<label>{0} <input type=range></label>",
    card="<div class='mdc-card mdc-card--outlined' style='padding: 16px'><h3 class='mdc-typography--headline6'>{0}</h3>{body}</div>",
    table="<table class=mdc-data-table__table style='width: 100%'>",
)

BULMA = Markup(
    head='<link rel=stylesheet href="/pkg/bulma/css/bulma.min.css"><link rel=stylesheet href="/pkg/@mdi/font/css/materialdesignicons.min.css">',
    icons=icon_table(
        "trash-can magnify cog bell home account email calendar heart star menu close plus check pencil download upload "
        "share-variant link lock cart camera image refresh printer content-save folder file content-copy filter eye "
        "information help-circle earth clock chat paperclip dots-horizontal"
    ),
    icon='<span class=icon><i class="mdi mdi-{0} mdi-24px"></i></span>',
    button="<button class=button>{0}</button>",
    primary="<button class='button is-primary'>{0}</button>",
    icon_button="<button class=button title='{name}'>{icon}</button>",
    link=_LINK,
    nav="<aside class=menu><ul class=menu-list>{0}</ul></aside>",
    nav_entry="<li><a href='#' class='{on}'>{icon}{0}</a></li>",
    field="<div class=field><label class=label for={id}>{0}</label><input class=input id={id} type={type} placeholder='{hint}'></div>",
    area="<label class=label for={id}>{0}</label><textarea class=textarea id={id}></textarea>",
    select="<label class=label for={id}>{0}</label><div class='select is-fullwidth'><select id={id}>{options}</select></div>",
    checkbox="<label class=checkbox><input type=checkbox> {0}</label>",
    radio="<label class=radio><input type=radio name=r> {0}</label>",
    switch="<label class=checkbox><input type=checkbox role=switch> {0}</label>",
    slider="<label>{0} <input type=range></label>",
    card="<div class=card><header class=card-header><p class=card-header-title>{0}</p></header>"
    "<div class=card-content>{body}</div></div>",
    table="<table class='table is-fullwidth is-striped'>",
    alert="<div class='notification is-warning' role=alert>{0}</div>",
    tabs="<div class=tabs><ul>{0}</ul></div>",
    tab="<li class='{on}'><a href='#' role=tab>{0}</a></li>",
    dark_head="<script>document.documentElement.dataset.theme = 'dark'</script>",
)

_FA_NAMES = (
    "trash search cog bell home user envelope calendar heart star bars times plus check pen download upload share-alt link "
    "lock shopping-cart camera image sync print save folder file copy filter eye info-circle question-circle globe clock "
    "comment paperclip ellipsis-h"
)

PATTERNFLY = Markup(
    head='<link rel=stylesheet href="/pkg/@patternfly/patternfly/patternfly.min.css">'
    '<link rel=stylesheet href="/pkg/@fortawesome/fontawesome-free/css/all.min.css">',
    icons=icon_table(_FA_NAMES),
    icon='<i class="fas fa-{0}" aria-hidden=true></i>',
    button="<button class='pf-v6-c-button pf-m-secondary' type=button><span class=pf-v6-c-button__text>{0}</span></button>",
    primary="<button class='pf-v6-c-button pf-m-primary' type=button><span class=pf-v6-c-button__text>{0}</span></button>",
    icon_button="<button class='pf-v6-c-button pf-m-plain' type=button aria-label='{name}'>"
    "<span class=pf-v6-c-button__icon>{icon}</span></button>",
    link=_LINK,
    nav="<nav class=pf-v6-c-nav><ul class=pf-v6-c-nav__list role=list>{0}</ul></nav>",
    nav_entry="<li class=pf-v6-c-nav__item><a href='#' class='pf-v6-c-nav__link{on}'>{icon}"
    "<span class=pf-v6-c-nav__link-text>{0}</span></a></li>",
    field="<label class=pf-v6-c-form__label for={id}><span class=pf-v6-c-form__label-text>{0}</span></label>"
    "<span class=pf-v6-c-form-control><input id={id} type={type} placeholder='{hint}'></span>",
    area="<label for={id}>{0}</label><span class=pf-v6-c-form-control><textarea id={id}></textarea></span>",
    select="<label class=pf-v6-c-form__label for={id}><span class=pf-v6-c-form__label-text>{0}</span></label>"
    "<span class=pf-v6-c-form-control><select id={id}>{options}</select></span>",
    checkbox="<div class=pf-v6-c-check><input class=pf-v6-c-check__input type=checkbox id={id}>"
    "<label class=pf-v6-c-check__label for={id}>{0}</label></div>",
    radio="<div class=pf-v6-c-radio><input class=pf-v6-c-radio__input type=radio name=r id={id}>"
    "<label class=pf-v6-c-radio__label for={id}>{0}</label></div>",
    switch="<label class=pf-v6-c-switch for={id}><input class=pf-v6-c-switch__input type=checkbox role=switch id={id}>"
    "<span class=pf-v6-c-switch__toggle></span><span class=pf-v6-c-switch__label>{0}</span></label>",
    slider="<label>{0} <input type=range></label>",
    card="<div class=pf-v6-c-card><div class=pf-v6-c-card__title><h3 class=pf-v6-c-card__title-text>{0}</h3></div>"
    "<div class=pf-v6-c-card__body>{body}</div></div>",
    table="<table class='pf-v6-c-table pf-m-grid-md'>",
    dark_head="<script>document.documentElement.classList.add('pf-v6-theme-dark')</script>",
)

SHOELACE = Markup(
    head='<link rel=stylesheet href="/cdn/themes/light.css"><link rel=stylesheet href="/cdn/themes/dark.css">'
    '<script type=module src="/cdn/shoelace-autoloader.js"></script>'
    "<style>body { font-family: var(--sl-font-sans); margin: 0; background: var(--sl-color-neutral-0);"
    " color: var(--sl-color-neutral-900) } a { color: var(--sl-color-primary-600) }</style>",
    icons=BOOTSTRAP.icons,
    icon="<sl-icon name='{0}' style='font-size: 20px'></sl-icon>",
    button="<sl-button>{0}</sl-button>",
    primary="<sl-button variant=primary>{0}</sl-button>",
    icon_button="<button style='padding: 7px; border: 0; background: none; color: inherit' aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<nav>{0}</nav>",
    nav_entry="<a href='#' style='display: block; padding: 8px 10px'>{icon}{0}</a>",
    field="<sl-input label='{0}' type={type} placeholder='{hint}'></sl-input>",
    area="<sl-textarea label='{0}'></sl-textarea>",
    select="<sl-select label='{0}' value=o1>{options}</sl-select>",
    option="<sl-option value=o1>{0}</sl-option>",
    checkbox="<sl-checkbox>{0}</sl-checkbox>",
    radio="<sl-radio value={id}>{0}</sl-radio>",
    switch="<sl-switch>{0}</sl-switch>",
    slider="<sl-range label='{0}'></sl-range>",
    card="<sl-card style='width: 100%'><div slot=header>{0}</div>{body}</sl-card>",
    table=_PLAIN_TABLE,
    alert="<sl-alert open>{0}</sl-alert>",
    tabs="<sl-tab-group>{0}</sl-tab-group>",
    tab="<sl-tab slot=nav>{0}</sl-tab>",
    dark_head="<script>document.documentElement.classList.add('sl-theme-dark')</script>",
)

ELEMENT = Markup(
    head='<link rel=stylesheet href="/pkg/element-plus/dist/index.css">'
    '<link rel=stylesheet href="/pkg/element-plus/theme-chalk/dark/css-vars.css">'
    "<script src='/pkg/vue/dist/vue.global.prod.js'></script><script src='/pkg/element-plus/dist/index.full.min.js'></script>"
    "<style>body { font-family: Helvetica, Arial, sans-serif; margin: 0; background: var(--el-bg-color);"
    " color: var(--el-text-color-primary) }</style>",
    icons=icon_table(
        "delete search setting bell house user message calendar - star menu close plus check edit download upload share "
        "link lock shopping-cart camera picture refresh printer - folder document copy-document filter view info-filled "
        "question-filled - clock chat-round paperclip more"
    ),
    icon="<img src='/pkg/@element-plus/icons-svg/{0}.svg' width=18 height=18>",
    button="<el-button>{0}</el-button>",
    primary="<el-button type=primary>{0}</el-button>",
    icon_button="<el-button circle aria-label='{name}'>{icon}</el-button>",
    link="<el-link type=primary href='#'>{0}</el-link>",
    nav="<nav>{0}</nav>",
    nav_entry="<a href='#' style='display: block; padding: 9px 12px; color: inherit'>{icon}{0}</a>",
    field="<label for={id} class=el-form-item__label>{0}</label><el-input id={id} placeholder='{hint}'></el-input>",
    area="<label for={id}>{0}</label><el-input type=textarea id={id}></el-input>",
    select="<label for={id} class=el-form-item__label>{0}</label><select id={id} class=el-input__inner"
    " style='border: 1px solid #ccc; padding: 0 8px'>{options}</select>",
    checkbox="<el-checkbox :model-value=false>{0}</el-checkbox>",
    radio="<el-radio :model-value='1' value='2'>{0}</el-radio>",
    switch="<el-switch :model-value=true active-text='{0}' aria-label='{0}'></el-switch>",
    slider="<span>{0}</span><el-slider :model-value=40 aria-label='{0}'></el-slider>",
    card="<el-card><template #header>{0}</template>{body}</el-card>",
    table="<table class=el-table style='width: 100%; text-align: left'>",
    alert="<el-alert title='{0}' type=warning :closable=false></el-alert>",
    body="<body><div id=app>{0}</div><script>Vue.createApp({}).use(ElementPlus).mount('#app')</script></body>",
    dark_head="<script>document.documentElement.classList.add('dark')</script>",
)

PICO = Markup(
    head='<link rel=stylesheet href="/pkg/@picocss/pico/css/pico.min.css">'
    '<link rel=stylesheet href="/pkg/remixicon/fonts/remixicon.css"><style>:root { font-size: 15px }'
    " button { width: auto !important; padding: 8px 14px !important }</style>",
    icons=icon_table(
        "delete-bin search settings-3 notification home user mail calendar heart star menu close add check pencil download "
        "upload share link lock shopping-cart camera image refresh printer save folder file file-copy filter eye "
        "information question global time chat-1 attachment-2 more"
    ),
    icon='<i class="ri-{0}-line" style="font-size: 20px"></i>',
    button="<button class='secondary outline'>{0}</button>",
    primary="<button>{0}</button>",
    icon_button="<button class='contrast outline' aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<nav><ul style='display: block'>{0}</ul></nav>",
    nav_entry="<li style='display: block; padding: 4px 0'><a href='#'>{icon}{0}</a></li>",
    field="<label>{0}<input type={type} placeholder='{hint}'></label>",
    area="<label>{0}<textarea></textarea></label>",
    select="<label>{0}<select>{options}</select></label>",
    checkbox="<label><input type=checkbox>{0}</label>",
    radio="<label><input type=radio name=r>{0}</label>",
    switch="<label><input type=checkbox role=switch>{0}</label>",
    slider="<label>{0}<input type=range></label>",
    card="<article><header>{0}</header>{body}</article>",
    table="<table class=striped>",
    dark_head="<script>document.documentElement.dataset.theme = 'dark'</script>",
)

PRIMER = Markup(
    head='<link rel=stylesheet href="/pkg/@primer/css/dist/primer.css"><script>document.documentElement.dataset.colorMode'
    " = 'light'; document.documentElement.dataset.lightTheme = 'light';"
    " document.documentElement.dataset.darkTheme = 'dark'</script>",
    icons=icon_table(
        "trash search gear bell home person mail calendar heart star three-bars x plus check pencil download upload share "
        "link lock - device-camera image sync - - file-directory file copy filter eye info question globe clock comment "
        "paperclip kebab-horizontal"
    ),
    icon="<svg-file src='/pkg/@primer/octicons/build/svg/{0}-16.svg'></svg-file>",
    button="<button class=btn type=button>{0}</button>",
    primary="<button class='btn btn-primary' type=button>{0}</button>",
    icon_button="<button class='btn-octicon' type=button aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<nav class=SideNav>{0}</nav>",
    nav_entry="<a class=SideNav-item href='#'>{icon}{0}</a>",
    field="<div class=form-group><div class=form-group-header><label for={id}>{0}</label></div>"
    "<input class=form-control id={id} type={type} placeholder='{hint}'></div>",
    area="<label for={id}>{0}</label><textarea class=form-control id={id}></textarea>",
    select="<div class=form-group-header><label for={id}>{0}</label></div><select class=form-select id={id}>{options}</select>",
    checkbox="<div class=form-checkbox><label><input type=checkbox> {0}</label></div>",
    radio="<div class=form-checkbox><label><input type=radio name=r> {0}</label></div>",
    switch="<div class=form-checkbox><label><input type=checkbox role=switch> {0}</label></div>",
    slider="<label>{0} <input type=range></label>",
    card="<div class=Box><div class=Box-header><h3 class=Box-title>{0}</h3></div><div class=Box-body>{body}</div></div>",
    table=_PLAIN_TABLE,
    alert="<div class=flash>{0}</div>",
    tabs="<div class=tabnav><nav class=tabnav-tabs>{0}</nav></div>",
    tab="<a class=tabnav-tab href='#' role=tab aria-selected={selected}>{0}</a>",
    dark_head="<script>document.documentElement.dataset.colorMode = 'dark'</script>",
)

ANT = Markup(
    head='<link rel=stylesheet href="/pkg/antd/dist/antd.min.css">',
    icons=icon_table(
        "delete search setting bell home user mail calendar heart star menu close plus check edit download upload share-alt "
        "link lock shopping-cart camera picture reload printer save folder file copy filter eye info-circle question-circle "
        "global clock-circle message paper-clip ellipsis"
    ),
    icon="<span class=anticon><svg-file src='/pkg/@ant-design/icons-svg/inline-svg/outlined/{0}.svg'></svg-file></span>",
    button="<button type=button class='ant-btn ant-btn-default'><span>{0}</span></button>",
    primary="<button type=button class='ant-btn ant-btn-primary'><span>{0}</span></button>",
    icon_button="<button type=button class='ant-btn ant-btn-text ant-btn-icon-only' aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<ul class='ant-menu ant-menu-root ant-menu-inline ant-menu-light' role=menu>{0}</ul>",
    nav_entry="<li class='ant-menu-item' role=menuitem style='padding-left: 18px'>{icon}"
    "<span class=ant-menu-title-content>{0}</span></li>",
    field="<div class=ant-form-item-label><label for={id}>{0}</label></div>"
    "<input class=ant-input id={id} type={type} placeholder='{hint}'>",
    area="<label for={id}>{0}</label><textarea class=ant-input id={id}></textarea>",
    select="<div class=ant-form-item-label><label for={id}>{0}</label></div><select class=ant-input id={id}>{options}</select>",
    checkbox="<label class=ant-checkbox-wrapper><span class=ant-checkbox><input type=checkbox class=ant-checkbox-input>"
    "<span class=ant-checkbox-inner></span></span><span>{0}</span></label>",
    radio="<label class=ant-radio-wrapper><span class=ant-radio><input type=radio class=ant-radio-input>"
    "<span class=ant-radio-inner></span></span><span>{0}</span></label>",
    switch="<button type=button role=switch aria-label='{0}' class='ant-switch ant-switch-checked'>"
    "<div class=ant-switch-handle></div></button> {0}",
    slider="<label>{0} <input type=range></label>",
    card="<div class='ant-card ant-card-bordered'><div class=ant-card-head><div class=ant-card-head-title>{0}</div></div>"
    "<div class=ant-card-body>{body}</div></div>",
    table="<table class=ant-table style='width: 100%; text-align: left'>",
    alert="<div class='ant-alert ant-alert-warning' role=alert>{0}</div>",
    tabs="<div class=ant-tabs-nav role=tablist style='display: flex; gap: 28px'>{0}</div>",
    tab="<div class='ant-tabs-tab' role=tab tabindex=0>{0}</div>",
    dark_head='<link rel=stylesheet href="/pkg/antd/dist/antd.dark.min.css">',
)

LAYUI = Markup(
    head='<link rel=stylesheet href="/pkg/layui/dist/css/layui.css">',
    icons=icon_table(
        "delete search set notice home username email date heart star - close addition ok edit download-circle upload share "
        "link password cart camera picture refresh print - - file - - eye about tips website time dialogue - more"
    ),
    icon='<i class="layui-icon layui-icon-{0}" style="font-size: 20px"></i>',
    button="<button type=button class='layui-btn layui-btn-primary'>{0}</button>",
    primary="<button type=button class=layui-btn>{0}</button>",
    icon_button="<button type=button class='layui-btn layui-btn-primary layui-btn-sm' aria-label='{name}'>{icon}</button>",
    link=_LINK,
    nav="<ul class='layui-nav layui-nav-tree'>{0}</ul>",
    nav_entry="<li class='layui-nav-item'><a href='#'>{icon}{0}</a></li>",
    field="<label class=layui-form-label for={id} style='width: auto'>{0}</label>"
    "<input class=layui-input id={id} type={type} placeholder='{hint}'>",
    area="<label for={id}>{0}</label><textarea class=layui-textarea id={id}></textarea>",
    select="<label class=layui-form-label for={id} style='width: auto'>{0}</label>"
    "<select class=layui-input id={id}>{options}</select>",
    checkbox="<label><input type=checkbox> {0}</label>",
    radio="<label><input type=radio name=r> {0}</label>",
    switch="<label><input type=checkbox role=switch> {0}</label>",
    slider="<label>{0} <input type=range></label>",
    card="<div class=layui-card style='border: 1px solid #eee'><div class=layui-card-header>{0}</div>"
    "<div class=layui-card-body>{body}</div></div>",
    table="<table class=layui-table>",
    tabs="<div class='layui-tab layui-tab-brief'><ul class=layui-tab-title>{0}</ul></div>",
    tab="<li role=tab class='{on}'>{0}</li>",
)

FLUENT = Markup(
    head='<script type=module src="/pkg/@fluentui/web-components/dist/web-components.min.js"></script>'
    '<link rel=stylesheet href="/pkg/@vscode/codicons/dist/codicon.css">'
    "<style>body { font: 14px 'Segoe UI', sans-serif; margin: 0 }</style>",
    icons=icon_table(
        "trash search gear bell home account mail calendar heart star-empty menu close add check edit desktop-download "
        "cloud-upload - link lock - device-camera file-media refresh - save folder file copy filter eye info question "
        "globe history comment - ellipsis"
    ),
    icon='<i class="codicon codicon-{0}" style="font-size: 18px"></i>',
    button="<fluent-button>{0}</fluent-button>",
    primary="<fluent-button appearance=accent>{0}</fluent-button>",
    icon_button="<fluent-button appearance=stealth aria-label='{name}'>{icon}</fluent-button>",
    link="<fluent-anchor href='#' appearance=hypertext>{0}</fluent-anchor>",
    nav="<nav>{0}</nav>",
    nav_entry="<a href='#' style='display: block; padding: 8px 10px; color: inherit; text-decoration: none'>{icon}{0}</a>",
    field="<fluent-text-field placeholder='{hint}' style='width: 100%'>{0}</fluent-text-field>",
    area="<fluent-text-area>{0}</fluent-text-area>",
    select="<label for={id}>{0}</label><br><fluent-select id={id} aria-label='{0}'>{options}</fluent-select>",
    option="<fluent-option>{0}</fluent-option>",
    checkbox="<fluent-checkbox>{0}</fluent-checkbox>",
    radio="<fluent-radio>{0}</fluent-radio>",
    switch="<fluent-switch>{0}</fluent-switch>",
    slider="<span>{0}</span><fluent-slider aria-label='{0}' min=0 max=100 value=40></fluent-slider>",
    card="<fluent-card style='padding: 16px; width: auto; height: auto'><h3>{0}</h3>{body}</fluent-card>",
    table=_PLAIN_TABLE,
    tabs="<div role=tablist style='display: flex; gap: 16px'>{0}</div>",
    tab="<button role=tab style='border: 0; background: none; padding: 8px'>{0}</button>",
)
