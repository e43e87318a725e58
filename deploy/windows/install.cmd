@echo off
rem Runs caddy-onenote as a Windows service, as an account of its own that may do
rem nothing else. In a command prompt "as administrator", in the folder of the
rem repository, after go build -o caddy.exe ./cmd/caddy, and after you have
rem written your client id into deploy\windows\Caddyfile:
rem
rem   deploy\windows\install.cmd
rem
rem   sc start caddy-onenote                                    start
rem   sc stop caddy-onenote                                     stop
rem   notepad "%ProgramData%\caddy-onenote\Caddyfile"           configure; then stop and start
rem   type "%ProgramData%\caddy-onenote\data\caddy-onenote.log" the log
rem   sc delete caddy-onenote                                   remove, after stop
rem
rem Run it again to replace the program by a newer one; your Caddyfile stays.
rem
rem The sign-in stays in %ProgramData%\caddy-onenote\data\caddy\onenote. To end it,
rem sign out first.
setlocal
set "programs=%ProgramFiles%\caddy-onenote"
set "folder=%ProgramData%\caddy-onenote"
set "service=HKLM\SYSTEM\CurrentControlSet\Services\caddy-onenote"

if not exist caddy.exe (
	echo There is no caddy.exe here: go build -o caddy.exe ./cmd/caddy
	exit /b 1
)
net session >nul 2>&1 || (
	echo Open the command prompt with "Run as administrator".
	exit /b 1
)

rem A program that runs cannot be replaced; net stop waits for its end.
net stop caddy-onenote >nul 2>&1
mkdir "%programs%" "%folder%\data" 2>nul
copy /y caddy.exe "%programs%\caddy.exe" >nul || exit /b 1
if not exist "%folder%\Caddyfile" copy "%~dp0Caddyfile" "%folder%\Caddyfile" >nul || exit /b 1

sc query caddy-onenote >nul 2>&1 || sc create caddy-onenote start= auto obj= "NT SERVICE\caddy-onenote" binPath= "\"%programs%\caddy.exe\" run --config \"%folder%\Caddyfile\"" || exit /b 1
sc description caddy-onenote "Signs old OneNote apps in: http://localhost:8080/"
sc failure caddy-onenote reset= 86400 actions= restart/5000/restart/60000/restart/60000
reg add "%service%" /v Environment /t REG_MULTI_SZ /f /d "XDG_DATA_HOME=%folder%\data\0XDG_CONFIG_HOME=%folder%\data\0CADDY_ONENOTE_LOG=%folder%\data\caddy-onenote.log" >nul || exit /b 1

rem Tokens are in that folder: administrators, the system (S-1-5-18) and the service.
icacls "%folder%" /inheritance:r /grant "*S-1-5-32-544:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F" "NT SERVICE\caddy-onenote:(OI)(CI)RX" >nul || exit /b 1
icacls "%folder%\data" /grant "NT SERVICE\caddy-onenote:(OI)(CI)M" >nul || exit /b 1

sc start caddy-onenote
