alter function private.tally(text[], int) set search_path = '';
