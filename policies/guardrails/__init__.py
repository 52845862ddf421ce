"""What guards an exchange: rules as data, how text is checked by them whole and in pieces, and what follows."""
