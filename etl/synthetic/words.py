"""The words of which names of products are made. All brands are made up from syllables."""

BRAND_STARTS = (
    "Ambro", "Belvi", "Cadro", "Drelu", "Elqui", "Fenqua", "Grovi", "Hulda", "Iskru", "Jorva", "Keldo", "Lumbri",
    "Morvi", "Nolqui", "Orvu", "Pelli", "Quorv", "Rulda", "Sombre", "Tavri", "Ulmo", "Vesku", "Wimbu", "Xandri",
    "Yolke", "Zarqui",
)  # fmt: skip
BRAND_ENDS = (
    "bexa", "crovi", "dulen", "fjord", "gando", "hurst", "jimba", "kessel", "lumo", "mirka", "nauko", "pondi",
    "quell", "rasko", "stavo", "tundle", "vanta", "wick", "xolo", "zeppa",
)  # fmt: skip
QUALITIES = (
    "Adjustable", "Antique", "Black", "Blue", "Bright", "Classic", "Compact", "Deluxe", "Double", "Durable", "Extra",
    "Flexible", "Folding", "Giant", "Green", "Handmade", "Heavy Duty", "Large", "Lightweight", "Magnetic", "Mini",
    "Natural", "Non-Slip", "Organic", "Original", "Portable", "Premium", "Professional", "Purple", "Quick", "Red",
    "Reusable", "Round", "Silver", "Slim", "Small", "Soft", "Stainless Steel", "Super", "Vintage", "Waterproof",
    "White", "Wooden", "Yellow",
)  # fmt: skip
THINGS = (
    "Air Filter", "Apron", "Backpack", "Bath Mat", "Blender Jar", "Bottle", "Bracelet", "Brake Pad", "Brush", "Bulb",
    "Cable", "Candle", "Card Game", "Charger", "Coffee Mug", "Cookie Cutter", "Cotton Socks", "Curtain", "Cushion",
    "Desk Lamp", "Dog Toy", "Drill Bit", "Earrings", "Face Cream", "Figure", "Fishing Line", "Flashlight", "Gloves",
    "Green Tea", "Guitar Strings", "Hair Clip", "Hat", "Headphones", "Hinge", "Hose", "Key Ring", "Kitchen Scale",
    "Knife", "Lens Cap", "Lip Balm", "Marker", "Mirror", "Mouse Pad", "Necklace", "Notebook", "Oil Diffuser",
    "Paint Set", "Pet Bed", "Phone Case", "Picture Frame", "Pillow Cover", "Plush Toy", "Puzzle", "Razor", "Ribbon",
    "Rope", "Sandals", "Scarf", "Screwdriver", "Shampoo", "Shelf Bracket", "Shirt", "Soap", "Speaker", "Sponge",
    "Stickers", "Sunglasses", "T-Shirt", "Tape", "Tent Peg", "Thermometer", "Towel", "Umbrella", "Valve", "Vase",
    "Vitamin Tablets", "Wallet", "Watch Strap", "Water Pump", "Whistle", "Wrench", "Yoga Mat",
)  # fmt: skip
FEATURES = (
    "2 Inches,", "3.5-Ounce", "10 x 12", "24 Count,", "100% Cotton", "and", "Assorted Colors,", "Battery Powered",
    "by Hand", "Ceramic", "Easy to Clean", "Fits All Sizes", "for Children", "for Home", "for Kitchen and Bath",
    "for Men", "for Travel,", "for Women", "Fragrance Free", "Gift Box", "Glass", "Hard Cover", "in a Bag", "Leather",
    "Long Lasting", "Machine Washable,", "Made to Last", "Medium", "Model 40", "Multicolor", "No Tools", "of Steel",
    "One Size", "Outdoor", "Plastic", "Rechargeable", "Replacement", "Rubber", "Set", "Shockproof", "Size 8",
    "Soft Touch", "Spare Part", "Sport", "Style", "Suede", "Two Sided", "Unscented,", "with Clip,", "with Cover",
    "with Handle", "with Lid", "with Strap", "without Sugar",
)  # fmt: skip
TITLE_STARTS = (
    "A History of", "A Life in", "An Introduction to", "Beyond", "Children of", "Farewell to", "Foundations of",
    "Keeper of", "Learning", "Letters from", "Principles of", "Songs of", "Stories of", "The Art of", "The Book of",
    "The Daughter of", "The End of", "The House of", "The Little Guide to", "The Secret of", "Walking in",
)  # fmt: skip
SUBJECTS = (
    "Algebra", "Autumn", "Birds", "Bread", "Clouds", "Comets", "Drawing", "Dust", "Economics", "Ferns", "Geometry",
    "Glaciers", "Harbors", "Islands", "Ivory", "Kites", "Lanterns", "Maps", "Marble", "Music", "Night Trains",
    "Orchards", "Paper", "Rivers", "Salt", "Shadows", "Silence", "Statistics", "Stone", "Summer", "Tea", "Thunder",
    "Typography", "Violins", "Whales", "Winter", "Wolves",
)  # fmt: skip
TITLE_ENDS = (
    "and Other Poems", "(Hardcover)", "(Paperback)", "for Beginners", "Volume 1", "Volume 2", "Second Edition",
    "Third Edition,", "A Novel", "in Practice", "with Exercises", "for Teachers", "and the Sea", "Illustrated",
    "Collected Essays on", "Revised and Expanded", "Selected Letters of", "a Companion to", "Workbook", "Study Guide",
)  # fmt: skip
PACKS = (
    "(Pack of 2)", "(Pack of 3)", "(Pack of 4)", "(Pack of 6)", "(Pack of 12)", "2 Pack", "3-Pack", "4-Pack", "6 Pack",
    "Pack of 5", "Pack of 10", "Set of 2", "Set of 3", "Set of 4", "(Set of 6)", "(24 Pack)",
)  # fmt: skip
FOREIGN_MARKS = (
    *("\N{REGISTERED SIGN}",) * 4,
    *("\N{TRADE MARK SIGN}",) * 2,
    " \N{EN DASH}",
    "\N{NO-BREAK SPACE}",
    " Caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    " 20\N{DEGREE SIGN}",
    "\N{RIGHT SINGLE QUOTATION MARK}s",
    " \N{MULTIPLICATION SIGN}2",
    " \N{BLACK STAR}",
    " \N{CJK UNIFIED IDEOGRAPH-8336}",
    " \N{TEACUP WITHOUT HANDLE}",
    "\u00c2\u00ae",
    "\u00e2\u0080\u0099s",
)
"""Signs outside of ASCII, the last two encoded twice; the teacup is beyond the basic plane."""
ENTITY_MARKS = ("&reg;", "&reg;", "&reg;", "&trade;", "&#174;", "&#0153;", "&copy;", " Caf&eacute;", " &amp;")
BROKEN_MARKS = ("\ufffd", "\u0092s", "\u00ad", "\t")
