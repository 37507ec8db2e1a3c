# Writes INPUT's bytes as a C array named SYMBOL to OUTPUT (see pia_embed).
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
string(REGEX REPLACE "(([^,]*,)([^,]*,)([^,]*,)([^,]*,)([^,]*,)([^,]*,)([^,]*,)([^,]*,))" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* generated from a file by embed.cmake, do not edit */\nextern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {\n${bytes}0};\n")
