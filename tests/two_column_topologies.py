"""Topologies of two columns a token, which do not ship: an HMM, and CTC with blanks between equal tokens."""

HMM2 = """
start o
final o
o   x.t t.1:t
x.t x.t t.1   stay
x.t y.t t.2   leave
y.t y.t t.2   stay
y.t o   <eps> leave
"""
CTC2 = """
start o
final o y.t
o   o   <blk>
o   x.t t.1:t
x.t x.t t.1
x.t y.t t.2
y.t y.t t.2
y.t o   <blk>
y.t x.u u.1:u
"""
