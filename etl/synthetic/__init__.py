"""A bucket of invented documents, for trying the warehouse at any size without a byte of Amazon's.

Nothing in it is copied from the real bucket: names are put together from words, ASINs are computed. Only its
distributions are the real ones. How near they come at full size (`bins=536434, seed=1`) to what others have
published about the real bucket:

=============================== ============= ============= =======
figure                              published     synthetic     off
=============================== ============= ============= =======
documents                             536,434       536,434       0
of them with unpadded stems             1,200         1,200       0
bytes of metadata               1,098,414,519 1,099,114,158 +0.06 %
total expected quantity             2,739,719     2,738,423 -0.05 %
item rows                           1,415,744     1,414,669 -0.08 %
distinct FCSKUs                       460,515       461,011 +0.11 %
distinct ASINs                        460,512       461,008 +0.11 %
padded ASINs seen once                164,255       162,464  -1.1 %
padded ASINs seen twice               164,356       167,863  +2.1 %
padded ASINs seen ten times             3,038         3,141  +3.4 %
largest quantity of one item              209           206
most FCSKUs in a bin                       22            22
most bins of one FCSKU                    547           582
neighbours that share an ASIN          40.7 %        40.4 %
next but one that share an ASIN         3.5 %         3.4 %
=============================== ============= ============= =======

The bins of each expected quantity from 0 to 10 are within 1 % of the published numbers.

Smaller buckets keep the shapes, but the counts of ASINs seen so often only nearly, because their most wanted items
must not be in every bin.
"""

from etl.synthetic.writer import Synthesis, synthesize

__all__ = ["Synthesis", "synthesize"]
