# The window and what it says, in English. Every key stands in es.ftl too, with the same arguments.

app-name = Tertulia

## The connection

status-idle = Not connected
status-connecting = Connecting to { $server }…
status-connecting-again = Connecting to { $server }… (attempt { $attempt })
status-online = Connected to { $server }
status-encrypted = encrypted
status-not-encrypted = not encrypted
status-waits = what you wrote has been waiting for { $seconds } s
status-lost = { $why } Trying again { $seconds ->
    [0] now
   *[other] in { $seconds } s
}…
status-refused = Not connected: { $why }
status-hosted = hosted here
status-stop-hosting = Stop the chat…
status-change = Change…

lost-unreachable = The server does not answer.
lost-unknown-host = This computer does not know that server.
lost-closed = The connection was lost.
lost-silent = The server has gone silent.
lost-slept = This computer was asleep.
lost-not-tertulia = What answers there is not Tertulia.

refused-server-key = This is not the server that was here before: its key has changed. Nothing was sent to it. If you know why, remove the server from the profile and connect again.
refused-server-unproved = What answers there could not prove that it is this server. Nothing was sent to it.
refused-profile-in-use = This profile is open in another window.
refused-profile = The profile cannot be used: { $text }

## The list

list-empty-title = It is quiet here
list-empty-text = Write the first message: everybody on this server can read it.
list-waiting = Waiting for the server…
list-loading = Loading older messages…
list-new = { $count ->
    [one] 1 new message
   *[other] { $count } new messages
}
list-latest = Latest messages
row-sending = sending…
row-waiting = waiting for the connection
row-failed = Not sent: { $why }
row-retry = Try again
row-needs-newer = This needs a newer version of Tertulia.
row-copy = Copy text
unknown-person = someone

users-online = { $count ->
    [one] Only you are online: { $names }
   *[other] { $count } people are online: { $names }
}
users-online-none = Nobody is known to be online: there is no connection.
users-online-count = { $count } people are online.
profile-not-saved = This could not be kept in the profile: { $text }
help-title = Commands, seen by nobody but you:
help-escape = Two slashes at the beginning write one: //example
help-keys = Enter sends, Shift+Enter breaks the line. Tab goes to the buttons, Enter presses them.
    Ctrl+C copies the chosen message; Ctrl++ and Ctrl+- change the size.
command-users = who is online
command-help = this list
command-unknown = There is no command { $name }. /help shows the ones there are; to write a slash at the beginning, type two.

## Days

today = Today
yesterday = Yesterday
date = { $weekday ->
    [0] Sunday
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
   *[6] Saturday
}, { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }

## Around the list

rooms-title = Rooms
people-title = People
people-online = { $count ->
    [one] 1 online
   *[other] { $count } online
}
people-unknown = Not known while offline
people-you = (you)
people-many = Too many to list

composer-placeholder = Message to { $room }
composer-placeholder-waiting = You can write as soon as the server has answered
composer-too-long = Too long: { $bytes } of { $limit } bytes. Nothing was sent.
composer-over-limit = { $over } bytes too many: a message holds { $limit }.
composer-near-limit = { $left } bytes left
composer-bad-text = The text holds a character that cannot be sent. Nothing was sent.
composer-no-room = There is no connection yet. Your text stays here.

## The first start

start-title = Welcome to Tertulia
start-text = The chat of your own network.
    Say who you are and where to meet.
start-name = Your name
start-name-hint = As the others will see you
start-server-hint = Its name or address, such as box.local
start-join = Join a server
start-host = Host a chat on this computer
start-host-hint = Others on your network can join it. It keeps running when you close this window.
start-go = Start

name-empty = Please type a name.
name-too-long = At most { $limit } characters, please.
name-character = The name holds a character that cannot be seen: { $code }
name-spaces = Single spaces only, please.
name-no-letter = At least one letter or digit, please.
server-empty = Please say where the server is.
server-character = An address cannot hold this: { $character }
server-brackets = An address in brackets looks like [::1]:7667
server-port = After the colon comes a port from 1 to 65535.
host-not-found = The program tertulia-server is not beside this one and not on the PATH.
host-stopped = The server did not start: { $text }

## Questions

ask-quit = Quit now?
ask-quit-hosted = This computer hosts the chat
ask-quit-hosted-text = Kept running, it goes on without this window, and can be stopped from here later.
ask-others = { $count ->
    [0] Nobody else is here now.
    [one] 1 other person is here now.
   *[other] { $count } other people are here now.
}
ask-quit-unsent = { $count ->
    [one] 1 message has not been sent yet. Quitting now loses it.
   *[other] { $count } messages have not been sent yet. Quitting now loses them.
}
ask-quit-keep = Quit and keep the chat running
ask-quit-stop = Quit and stop the chat
ask-quit-go = Quit without sending
ask-quit-now = Quit
ask-all-sent = Everything has been sent now.
ask-stop = Stop the chat on this computer?
ask-stop-text = Nobody can talk here until it is started again. What was said is kept.
ask-stop-go = Stop the chat
ask-keep = Keep it running
ask-stopping = Stopping…
ask-stop-slow = It has not stopped yet. It may need a moment more.
ask-stop-failed = It could not be stopped: { $text }
ask-change = Go to another server?
ask-change-unsent = { $count ->
    [one] 1 message has not been sent yet. Going to another server loses it.
   *[other] { $count } messages have not been sent yet. Going to another server loses them.
}
ask-change-go = Go without sending
ask-cancel = Cancel

## What servers answer

error-malformed = The server did not understand this program.
error-too_large = It is too large for the server.
error-unknown_type = The server is too old for this.
error-out_of_order = The server did not expect this now.
error-no_common_version = This program and the server are of versions that do not go together.
error-timeout = It took too long.
error-slow_reader = This computer was too slow for the server.
error-stopping = The server is stopping.
error-too_many_connections = The server has as many connections as it takes.
error-plaintext_refused = The server speaks to you encrypted only.
error-bad_signature = The server does not accept the key of this profile.
error-name_needed = The server wants a name.
error-bad_name = The server does not take this name: { $first }
error-name_taken = The name { $first } belongs to somebody else.
error-name_confusable = The name { $first } could be mistaken for { $second }.
error-name_reserved = Nobody may have the name { $first }: it would be taken for the server's.
error-too_many_names = Too many new names came from here in the last hour. Try again later.
error-key_has_name = On this server you are already { $first }.
error-no_room = That room does not exist, or is not yours.
error-bad_text = The server does not take this text.
error-bad_kind = The server does not know this kind of message.
error-bad_request = The server could make no sense of it.
error-no_target = What it is about is not there any more, or is somebody else's.
error-not_allowed = Only an owner of the room may do that.
error-archived = The room is archived: nothing can be written in it.
error-bad_room_name = A room cannot have this name.
error-room_name_taken = There is a room { $first } already.
error-too_many_rooms = Nobody can be in more rooms than this.
error-no_user = That person does not exist here.
error-failed = The server could not store it.
error-read_only = The server cannot store anything for now.
error-unknown = The server answered with error { $number }.
