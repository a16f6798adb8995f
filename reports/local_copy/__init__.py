"""SuperOffice -> local copy: read, stored, shown, and honest about how old and complete it is."""
