# La ventana y lo que dice, en español. Cada clave está también en en.ftl, con los mismos argumentos.

app-name = Tertulia

## La conexión

status-idle = Sin conexión
status-connecting = Conectando con { $server }…
status-connecting-again = Conectando con { $server }… (intento { $attempt })
status-online = Conectado a { $server }
status-encrypted = cifrado
status-not-encrypted = sin cifrar
status-waits = lo que has escrito espera desde hace { $seconds } s
status-lost = { $why } Se vuelve a intentar { $seconds ->
    [0] ahora
   *[other] en { $seconds } s
}…
status-lost-short = Sin conexión. Nuevo intento { $seconds ->
    [0] ahora
   *[other] en { $seconds } s
}…
status-waits-short = Lo que has escrito espera desde hace { $seconds } s
status-read-only-short = Disco del servidor lleno: lo que escribas espera
status-refused = Sin conexión: { $why }
status-hosted = alojado aquí
status-stop-hosting = Parar el chat…
status-change = Cambiar…

lost-unreachable = El servidor no responde.
lost-unknown-host = Este equipo no conoce ese servidor.
lost-closed = Se ha perdido la conexión.
lost-silent = El servidor ha dejado de responder.
lost-slept = Este equipo estaba suspendido.
lost-not-tertulia = Lo que responde ahí no es Tertulia.

refused-server-key = Este no es el servidor de antes: su clave ha cambiado. No se le ha enviado nada. Si sabes por qué, quita el servidor del perfil y vuelve a conectarte.
refused-server-unproved = Lo que responde ahí no ha podido probar que es este servidor. No se le ha enviado nada.
refused-profile-in-use = Este perfil está abierto en otra ventana.
refused-profile = El perfil no se puede usar: { $text }

## La lista

list-empty-title = Aquí no se oye nada
list-empty-text = Escribe el primer mensaje: lo podrá leer cualquiera en este servidor.
list-waiting = Esperando al servidor…
list-loading = Cargando mensajes anteriores…
list-new = { $count ->
    [one] 1 mensaje nuevo
   *[other] { $count } mensajes nuevos
}
list-latest = Últimos mensajes
row-sending = enviando…
row-waiting = en espera de conexión
row-failed = No enviado: { $why }
row-retry = Reintentar
row-needs-newer = Para ver esto hace falta una versión más nueva de Tertulia.
row-copy = Copiar texto
unknown-person = alguien

users-online = { $count ->
    [one] Solo estás tú: { $names }
   *[other] Hay { $count } personas en línea: { $names }
}
users-online-none = No se sabe quién está en línea: no hay conexión.
users-online-count = Hay { $count } personas en línea.
profile-not-saved = Esto no se ha podido guardar en el perfil: { $text }
help-title = Órdenes, que solo ves tú:
help-escape = Dos barras al principio escriben una: //ejemplo
help-keys = Intro envía, Mayús+Intro salta de línea. Tab lleva a los botones, Intro los pulsa.
    Ctrl+K cambia de sala, Ctrl+F busca, Ctrl+N abre una sala, Alt+↑ y Alt+↓ van a la sala de al lado.
    ↑ edita tu último mensaje. Ctrl+↑ y Ctrl+↓ eligen un mensaje; la tecla Menú dice qué se puede hacer con él.
    Ctrl+R responde al elegido, Ctrl+E reacciona, Supr lo borra y Ctrl+C lo copia; Ctrl++ y Ctrl+- cambian el tamaño.
command-users = quién está en línea
command-join = ir a una sala, o buscarla: /unirse obras
command-leave = salir de esta sala
command-create = abrir una sala
command-invite = traer a alguien a esta sala
command-topic = decir de qué va esta sala
command-direct = hablar con una persona
command-nick = cambiar de nombre
command-search = buscar en todas las salas
status-read-only = Conectado a { $server } · el disco del servidor está lleno: lo que escribas espera, y solo se puede borrar
command-lost = lo que ya no está en el servidor
command-help = esta lista
command-unknown = No existe la orden { $name }. Con /ayuda se ven las que hay; para empezar con una barra, escribe dos.
row-discard = Descartar
row-not-mended = El cambio no se ha guardado: { $why }
row-answer = Responder
row-react = Reaccionar…
row-mend = Editar
row-delete = Borrar…
row-erased = Mensaje borrado
row-edited = (editado)
row-earlier = un mensaje anterior
row-new = Nuevo
typing-one = { $who } está escribiendo…
typing-two = { $who } y { $other } están escribiendo…
typing-many = Varias personas están escribiendo…
list-empty-private = Escribe el primer mensaje: solo lo podrán leer quienes están en esta sala.
note-began = Aquí empieza todo.
note-opened = { $who } ha abierto la sala «{ $name }».
note-opened-direct = Aquí empieza vuestra conversación.
note-named = { $who } ha cambiado el nombre de la sala: «{ $name }».
note-topic = { $who } ha cambiado el tema: { $topic }
note-topic-none = { $who } ha quitado el tema.
note-joined = { $who } ha entrado en la sala.
note-left = { $who } ha salido de la sala.
note-invited = { $who } ha invitado a { $whom }.
note-removed = { $who } ha sacado a { $whom } de la sala.
note-owner = { $who } ha puesto a { $whom } al cargo de la sala.
note-member = { $who } ha quitado a { $whom } el cargo de la sala.
note-archived = { $who } ha archivado la sala: ya no se puede escribir en ella.
note-reopened = { $who } ha vuelto a abrir la sala.
note-keep = { $who } ha decidido que lo dicho aquí se guarde { $days } días.
note-keep-server = { $who } ha decidido que lo dicho aquí se guarde tanto como en el resto del servidor.
note-expired = Lo dicho hasta aquí ha caducado y ya no existe.
cannot-leave = De esta sala no se puede salir.
not-found = Aquí nadie se llama { $name }.
write-refused = No se ha podido: { $why }
log-set-back = El servidor se ha restaurado desde una copia: { $count ->
    [0] no falta nada de lo que había aquí
    [one] falta 1 cosa que había aquí. Queda en este equipo: /perdido la muestra
   *[other] faltan { $count } cosas que había aquí. Quedan en este equipo: /perdido las muestra
}.
log-is-new = El servidor ha empezado de nuevo: lo que había aquí ya no está en él. /perdido muestra lo que queda en este equipo.

## Días

today = Hoy
yesterday = Ayer
date = { $weekday ->
    [0] domingo
    [1] lunes
    [2] martes
    [3] miércoles
    [4] jueves
    [5] viernes
   *[6] sábado
}, { $day } de { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
} de { $year }

## Alrededor de la lista

rooms-title = Salas
people-title = Personas
people-online = { $count ->
    [one] 1 en línea
   *[other] { $count } en línea
}
people-members = En esta sala
people-count = { $count ->
    [one] 1 persona
   *[other] { $count } personas
}
people-unknown = Sin conexión no se sabe
people-you = (tú)
people-many = Demasiadas para una lista

rooms-find = Buscar sala · Ctrl+K
rooms-direct = Mensajes directos
room-gone = Ya no estás en esta sala
room-archived = Archivada
person-away = ausente
person-online = en línea
composer-answers = Respuesta a { $who }
composer-answers-earlier = Respuesta
composer-mends = Editando tu mensaje · Esc lo deja como estaba
composer-closed = En esta sala no se puede escribir. No se ha enviado nada.
composer-gone = Ya no estás en esta sala; lo dicho se puede leer
composer-archived = La sala está archivada; lo dicho se puede leer
list-switch = Ir a…
list-browse = Salas públicas
list-create = Abrir una sala
list-create-hint = Escribe su nombre y elige quién puede entrar.
list-direct = Hablar con…
list-invite = Invitar a { $room }
list-invite-hint = Quien entra puede leer también todo lo que se ha dicho hasta ahora en la sala.
list-members = Quién está en { $room }
list-rename-room = Otro nombre para { $room }
list-topic = Tema de { $room }
list-topic-hint = Una frase que diga de qué va la sala. Vacío: ninguno.
list-topic-field = Tema
list-rename = Tu nombre
list-rename-hint = Lo verán todos, también en lo que ya has escrito.
list-colour = Tu color
list-search = Buscar en todas las salas
list-search-hint = También: de:ana en:general antes:22/11 después:ayer con:enlace
list-lost = Ya no está en el servidor
list-lost-hint = El servidor volvió a una copia en la que esto no estaba. Queda en este equipo; Intro lo copia.
list-lost-none = No falta nada: todo lo que hay aquí está también en el servidor.
list-react = Reaccionar
list-name = Nombre
list-type = Escribe para buscar
list-offline = Para esto hace falta conexión con el servidor.
list-wait = Un momento…
list-nothing = Aquí no hay nada
list-nothing-found = No se ha encontrado nada
search-no-person = Aquí nadie se llama «{ $name }».
search-no-room = Ninguna sala se llama «{ $name }».
search-no-day = «{ $day }» no es un día. Así sí: 22/11/2026, 2026-11-22, hoy, ayer.
search-no-such = Tras con: solo puede ir «enlace», no «{ $what }».
search-too-long = Es demasiado largo para una búsqueda.
offer-direct = Hablar con { $name }
offer-owner = Poner a { $name } al cargo
offer-member = Quitar el cargo a { $name }
offer-remove = Sacar a { $name } de la sala…
offer-public = Pública: cualquiera la encuentra y entra
offer-private = Privada: solo por invitación
offer-save = Guardar
offer-any-colour = El que toque
offer-colour = { $hue ->
    [0] Terracota
    [1] Ámbar
    [2] Oliva
    [3] Verde
    [4] Turquesa
    [5] Azul
    [6] Índigo
    [7] Violeta
    [8] Púrpura
    [9] Rosa
    [10] Granate
   *[other] Pizarra
}
offer-lost = Lo que ya no está en el servidor…
offer-copied = Copiado
offer-leave = Salir de la sala…
offer-archive = Archivar la sala…
offer-reopen = Volver a abrir la sala
offer-more = Buscar más atrás
offer-other-room = otra sala
offer-not-in = { $room }, donde no estás
offer-browse = Ver las salas públicas…
offer-create = Abrir una sala…
offer-create-named = Abrir la sala «{ $name }»…
offer-invite = Invitar a alguien…
offer-members = Quién está en la sala…
offer-rename-room = Cambiar el nombre…
offer-topic = Cambiar el tema…
offer-rename = Cambiar tu nombre…
offer-colours = Cambiar tu color…
offer-search = Buscar…
offer-join = Entrar
offer-is-owner = al cargo
composer-placeholder = Mensaje para { $room }
composer-placeholder-waiting = Podrás escribir en cuanto responda el servidor
composer-too-long = Demasiado largo: { $bytes } de { $limit } bytes. No se ha enviado nada.
composer-over-limit = Sobran { $over } bytes: en un mensaje caben { $limit }.
composer-near-limit = Quedan { $left } bytes
composer-bad-text = El texto tiene un carácter que no se puede enviar. No se ha enviado nada.
composer-no-room = Todavía no hay conexión. Tu texto se queda aquí.

## El primer inicio

start-title = Te damos la bienvenida a Tertulia
start-text = El chat de tu propia red.
    Di quién eres y dónde está el servidor.
start-name = Tu nombre
start-name-hint = Como te verán los demás
start-server-hint = Su nombre o dirección, por ejemplo caja.local
start-join = Entrar en un servidor
start-host = Alojar un chat en este equipo
start-host-hint = Otros de tu red podrán entrar. Sigue funcionando cuando cierras esta ventana.
start-go = Empezar

name-empty = Escribe un nombre, por favor.
name-too-long = Como mucho { $limit } caracteres, por favor.
name-character = El nombre tiene un carácter que no se ve: { $code }
name-spaces = Espacios, de uno en uno y solo en medio, por favor.
name-no-letter = Al menos una letra o una cifra, por favor.
server-empty = Di dónde está el servidor, por favor.
server-character = Una dirección no puede tener esto: { $character }
server-brackets = Una dirección entre corchetes es así: [::1]:7667
server-port = Tras los dos puntos va un puerto del 1 al 65535.
host-not-found = El programa tertulia-server no está junto a este ni en el PATH.
host-stopped = El servidor no ha arrancado: { $text }

## Preguntas

ask-quit = ¿Salir ahora?
ask-quit-hosted = Este equipo aloja el chat
ask-quit-hosted-text = Si lo dejas en marcha, sigue sin esta ventana, y desde aquí se puede parar más tarde.
ask-others = { $count ->
    [0] Ahora no hay nadie más.
    [one] Ahora hay otra persona.
   *[other] Ahora hay otras { $count } personas.
}
ask-quit-unsent = { $count ->
    [one] 1 mensaje no se ha enviado todavía. Si sales ahora, se pierde.
   *[other] { $count } mensajes no se han enviado todavía. Si sales ahora, se pierden.
}
ask-quit-keep = Salir y dejar el chat en marcha
ask-quit-stop = Salir y parar el chat
ask-quit-go = Salir sin enviar
ask-quit-now = Salir
ask-all-sent = Ya se ha enviado todo.
ask-stop = ¿Parar el chat de este equipo?
ask-stop-text = Nadie podrá hablar aquí hasta que se vuelva a poner en marcha. Lo dicho se conserva.
ask-stop-go = Parar el chat
ask-keep = Dejarlo en marcha
ask-stopping = Parando…
ask-stop-slow = Aún no ha parado. Puede que necesite un momento más.
ask-stop-failed = No se ha podido parar: { $text }
ask-change = ¿Cambiar de servidor?
ask-change-unsent = { $count ->
    [one] 1 mensaje no se ha enviado todavía. Si cambias de servidor, se pierde.
   *[other] { $count } mensajes no se han enviado todavía. Si cambias de servidor, se pierden.
}
ask-change-go = Cambiar sin enviar
ask-delete = ¿Borrar este mensaje?
ask-delete-text = Desaparece para todos, también del disco del servidor. No se puede deshacer.
ask-delete-go = Borrar
ask-join = ¿Entrar en la sala?
ask-join-text = Este mensaje está en «{ $room }», una sala pública en la que no estás. Para leerlo ahí hay que entrar, y los demás lo verán.
ask-join-text-unnamed = Este mensaje está en una sala pública en la que no estás. Para leerlo ahí hay que entrar, y los demás lo verán.
ask-join-go = Entrar
ask-leave = ¿Salir de la sala?
ask-leave-text = Dejarás de recibir lo que se diga en { $room }. Lo dicho hasta ahora se puede leer aquí.
ask-leave-private = Es privada: para volver te tendrán que invitar.
ask-leave-go = Salir de la sala
ask-archive = ¿Archivar la sala?
ask-archive-text = En { $room } ya no se podrá escribir, y lo dicho se podrá seguir leyendo. Se puede volver a abrir.
ask-archive-go = Archivar
ask-remove = ¿Sacar de la sala?
ask-remove-text = { $who } dejará de estar en { $room }.
ask-remove-go = Sacar
ask-cancel = Cancelar

## Lo que responden los servidores

error-malformed = El servidor no ha entendido a este programa.
error-too_large = Es demasiado grande para el servidor.
error-unknown_type = El servidor es demasiado antiguo para esto.
error-out_of_order = El servidor no esperaba esto ahora.
error-no_common_version = Las versiones de este programa y del servidor no casan.
error-timeout = Ha tardado demasiado.
error-slow_reader = Este equipo era demasiado lento para el servidor.
error-stopping = El servidor se está parando.
error-too_many_connections = El servidor no admite más conexiones.
error-plaintext_refused = El servidor solo habla contigo cifrado.
error-bad_signature = El servidor no acepta la clave de este perfil.
error-name_needed = El servidor quiere un nombre.
error-bad_name = El servidor no admite este nombre: { $first }
error-name_taken = El nombre { $first } ya es de otra persona.
error-name_confusable = El nombre { $first } se podría confundir con { $second }.
error-name_reserved = Nadie puede llamarse { $first }: parecería cosa del servidor.
error-too_many_names = En la última hora llegaron de aquí demasiados nombres nuevos. Prueba más tarde.
error-key_has_name = En este servidor ya eres { $first }.
error-no_room = Esa sala no existe, o no es tuya.
error-bad_text = El servidor no admite este texto.
error-bad_kind = El servidor no conoce este tipo de mensaje.
error-bad_request = El servidor no ha sabido qué hacer con eso.
error-no_target = Aquello a lo que se refiere ya no está, o es de otra persona.
error-not_allowed = Solo puede hacerlo quien está al cargo de la sala.
error-archived = La sala está archivada: no se puede escribir en ella.
error-bad_room_name = Una sala no puede llamarse así.
error-room_name_taken = Ya hay una sala { $first }.
error-too_many_rooms = Nadie puede estar en más salas.
error-no_user = Esa persona no existe aquí.
error-failed = El servidor no ha podido guardarlo.
error-read_only = El servidor no puede guardar nada por ahora.
error-unknown = El servidor ha respondido con el error { $number }.
