"""`theta demo`: three scripted builders make a cottage in a room, over real connections, and leave it to the visitor.

`scene` says what is made, `script` who does what, `motion` how they stand: data and functions of their arguments.
`builder` plays a part through the Python client, and `company` brings the three together in a room.
"""
