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
status-lost-short = Not connected. Trying again { $seconds ->
    [0] now
   *[other] in { $seconds } s
}…
status-waits-short = What you wrote has been waiting for { $seconds } s
status-read-only-short = The server’s disk is full: what you write waits
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
    Ctrl+K changes the room, Ctrl+F searches, Ctrl+N opens a room, Alt+↑ and Alt+↓ go to the room next to it.
    ↑ edits your last message. Ctrl+↑ and Ctrl+↓ choose a message; the Menu key says what can be done with it.
    Ctrl+R answers the chosen one, Ctrl+E reacts, Delete deletes it and Ctrl+C copies it; Ctrl++ and Ctrl+- change the size.
command-users = who is online
command-join = go to a room, or find it: /join works
command-leave = leave this room
command-create = open a room
command-invite = bring somebody into this room
command-topic = say what this room is about
command-direct = speak with one person
command-nick = take another name
command-search = search all rooms
status-read-only = Connected to { $server } · the server’s disk is full: what you write waits, and only deleting works
command-lost = what is no longer on the server
command-help = this list
command-unknown = There is no command { $name }. /help shows the ones there are; to write a slash at the beginning, type two.
row-discard = Discard
row-not-mended = The change was not saved: { $why }
row-answer = Answer
row-react = React…
row-mend = Edit
row-delete = Delete…
row-erased = Message deleted
row-edited = (edited)
row-earlier = an earlier message
row-new = New
typing-one = { $who } is writing…
typing-two = { $who } and { $other } are writing…
typing-many = Several people are writing…
list-empty-private = Write the first message: only those who are in this room will be able to read it.
note-began = This is where it all begins.
note-opened = { $who } opened the room “{ $name }”.
note-opened-direct = This is where your conversation begins.
note-named = { $who } renamed the room: “{ $name }”.
note-topic = { $who } changed the topic: { $topic }
note-topic-none = { $who } removed the topic.
note-joined = { $who } joined the room.
note-left = { $who } left the room.
note-invited = { $who } invited { $whom }.
note-removed = { $who } removed { $whom } from the room.
note-owner = { $who } made { $whom } an owner of the room.
note-member = { $who } made { $whom } an ordinary member.
note-archived = { $who } archived the room: nobody can write in it any more.
note-reopened = { $who } opened the room again.
note-keep = { $who } decided that what is said here is kept for { $days } days.
note-keep-server = { $who } decided that what is said here is kept as long as elsewhere on the server.
note-expired = What was said up to here has expired and is gone.
cannot-leave = This is a room that nobody can leave.
not-found = Nobody here is called { $name }.
write-refused = That did not work: { $why }
log-set-back = The server was restored from a backup: { $count ->
    [0] nothing that was here is missing
    [one] 1 thing that was here is missing. It is kept on this computer: /lost shows it
   *[other] { $count } things that were here are missing. They are kept on this computer: /lost shows them
}.
log-is-new = The server has begun anew: what was here is no longer on it. /lost shows what of it is kept on this computer.

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
people-members = In this room
people-count = { $count ->
    [one] 1 person
   *[other] { $count } people
}
people-unknown = Not known while offline
people-you = (you)
people-many = Too many to list

rooms-find = Find a room · Ctrl+K
rooms-direct = Direct messages
room-gone = You are no longer in this room
room-archived = Archived
person-away = away
person-online = online
composer-answers = Answer to { $who }
composer-answers-earlier = Answer
composer-mends = Editing your message · Esc leaves it as it was
composer-closed = Nobody can write in this room. Nothing was sent.
composer-gone = You are no longer in this room; what was said can be read
composer-archived = The room is archived; what was said can be read
list-switch = Go to…
list-browse = Public rooms
list-create = Open a room
list-create-hint = Write its name and choose who may come in.
list-direct = Speak with…
list-invite = Invite to { $room }
list-invite-hint = Whoever comes in can also read everything that has been said in the room so far.
list-members = Who is in { $room }
list-rename-room = Another name for { $room }
list-topic = Topic of { $room }
list-topic-hint = One sentence that says what the room is about. Empty: none.
list-topic-field = Topic
list-rename = Your name
list-rename-hint = Everybody will see it, also on what you have written already.
list-colour = Your colour
list-search = Search all rooms
list-search-hint = Also: from:ana in:general before:2026-11-22 after:yesterday has:link
list-lost = No longer on the server
list-lost-hint = The server went back to a backup that did not have this. It is kept on this computer; Enter copies it.
list-lost-none = Nothing is missing: all that is here is on the server as well.
list-react = React
list-name = Name
list-type = Type to search
list-offline = This needs a connection to the server.
list-wait = One moment…
list-nothing = There is nothing here
list-nothing-found = Nothing was found
search-no-person = Nobody here is called “{ $name }”.
search-no-room = No room is called “{ $name }”.
search-no-day = “{ $day }” is no day. These are: 2026-11-22, 22/11/2026, today, yesterday.
search-no-such = Only “link” can follow has:, not “{ $what }”.
search-too-long = That is too long for a search.
offer-direct = Speak with { $name }
offer-owner = Make { $name } an owner
offer-member = Make { $name } an ordinary member
offer-remove = Remove { $name } from the room…
offer-public = Public: anybody may find it and come in
offer-private = Private: by invitation only
offer-save = Save
offer-any-colour = Whichever
offer-colour = { $hue ->
    [0] Terracotta
    [1] Amber
    [2] Olive
    [3] Green
    [4] Teal
    [5] Blue
    [6] Indigo
    [7] Violet
    [8] Purple
    [9] Pink
    [10] Garnet
   *[other] Slate
}
offer-lost = What is no longer on the server…
offer-copied = Copied
offer-leave = Leave the room…
offer-archive = Archive the room…
offer-reopen = Open the room again
offer-more = Search further back
offer-other-room = another room
offer-not-in = { $room }, not joined
offer-browse = See the public rooms…
offer-create = Open a room…
offer-create-named = Open the room “{ $name }”…
offer-invite = Invite somebody…
offer-members = Who is in the room…
offer-rename-room = Rename…
offer-topic = Change the topic…
offer-rename = Change your name…
offer-colours = Change your colour…
offer-search = Search…
offer-join = Join
offer-is-owner = owner
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
ask-delete = Delete this message?
ask-delete-text = It disappears for everybody, also from the server’s disk. This cannot be undone.
ask-delete-go = Delete
ask-join = Join the room?
ask-join-text = This message is in “{ $room }”, a public room that you are not in. To read it there you have to join, and the others will see that.
ask-join-text-unnamed = This message is in a public room that you are not in. To read it there you have to join, and the others will see that.
ask-join-go = Join
ask-leave = Leave the room?
ask-leave-text = You will no longer receive what is said in { $room }. What was said so far can be read here.
ask-leave-private = It is private: to come back you will have to be invited.
ask-leave-go = Leave the room
ask-archive = Archive the room?
ask-archive-text = Nobody will be able to write in { $room }, and what was said stays readable. It can be opened again.
ask-archive-go = Archive
ask-remove = Remove from the room?
ask-remove-text = { $who } will no longer be in { $room }.
ask-remove-go = Remove
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
